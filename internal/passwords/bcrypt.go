package passwords

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"sync/atomic"

	"golang.org/x/crypto/bcrypt"
)

// The costs of stored hashes that are compared at all. Each step doubles the time, so a hash of
// cost 31 planted in the store would occupy a worker for a day.
const (
	MinCost = 4
	MaxCost = 15
	// DefaultCost takes about 0.25 s of one core.
	DefaultCost = 12
)

// ErrBadHash says that a stored hash is not bcrypt of cost [MinCost] to [MaxCost] in the form $2a$, $2b$ or $2y$. It
// never holds the hash, so it may be logged.
var ErrBadHash = errors.New("the stored password hash is not bcrypt of cost 4 to 15")

// storedHash is the whole form of a hash: variant, cost, 22 characters of salt and 31 of digest.
var storedHash = regexp.MustCompile(`^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$`)

// CheckStored returns ErrBadHash unless a stored hash has the form of those that are compared.
func CheckStored(hash string) error {
	_, err := costOf(hash)
	return err
}

// costOf returns the cost of a stored hash, or ErrBadHash.
func costOf(hash string) (int, error) {
	m := storedHash.FindStringSubmatch(hash)
	if m == nil {
		return 0, ErrBadHash
	}
	cost, err := strconv.Atoi(m[1])
	if err != nil || cost < MinCost || cost > MaxCost {
		return 0, ErrBadHash
	}
	return cost, nil
}

// hasher runs bcrypt on the goroutine that calls it, so that every failed comparison costs the same: one hash at
// the dearest cost in use. Otherwise the time of the answer would tell which accounts exist and which hashes are
// old. Safe for concurrent use.
type hasher struct {
	cost    int            // of new hashes
	dearest atomic.Int32   // cost of the dearest hash seen, at least cost; never falls
	observe func(cost int) // told of each bcrypt run before it begins
}

// note raises the dearest cost to at least cost.
func (h *hasher) note(cost int) {
	for {
		old := h.dearest.Load()
		if int(old) >= cost || h.dearest.CompareAndSwap(old, int32(cost)) {
			return
		}
	}
}

// hash returns a new hash of password, which must be usable.
func (h *hasher) hash(password string) result {
	h.observe(h.cost)
	hash, err := bcrypt.GenerateFromPassword([]byte(password), h.cost)
	if err != nil {
		return result{err: fmt.Errorf("hash a password: %w", err)}
	}
	return result{hash: string(hash)}
}

// compare checks password against a stored hash. The rest of a failed comparison is burnt even if nobody waits for the
// answer any more: how long the worker is busy can be seen by who comes next.
func (h *hasher) compare(hash, password string) result {
	cost, err := costOf(hash)
	if err != nil || usable(password) != nil {
		h.burn(password)
		return result{err: err}
	}
	h.note(cost)
	h.observe(cost)
	if bcrypt.CompareHashAndPassword([]byte(hash), []byte(password)) == nil {
		return result{ok: true, needRehash: cost < h.cost}
	}
	// A hash of cost c takes 2^c units, and 2^c + 2^c + 2^(c+1) + ... + 2^(d-1) is 2^d.
	for dearest := int(h.dearest.Load()); cost < dearest; cost++ {
		h.waste(cost, password)
	}
	return result{}
}

// burn costs what a failed comparison costs.
func (h *hasher) burn(password string) { h.waste(int(h.dearest.Load()), password) }

// waste runs bcrypt once at cost for nothing: the digest of its hash is made up, so no known password matches.
func (h *hasher) waste(cost int, password string) {
	h.observe(cost)
	_ = bcrypt.CompareHashAndPassword(fmt.Appendf(nil, "$2a$%02d$%s", cost, strings.Repeat(".", 53)), []byte(password))
}
