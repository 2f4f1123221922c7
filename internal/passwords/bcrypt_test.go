package passwords

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/bcrypt"
)

// newPool starts a pool of the given cost that counts the units of bcrypt (2^cost each) that it spends.
func newPool(t *testing.T, cost int) (*Pool, *atomic.Int64) {
	t.Helper()
	units := new(atomic.Int64)
	p, err := New(Options{Cost: cost, observe: func(cost int) { units.Add(1 << cost) }})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p, units
}

func mustHash(t *testing.T, password string, cost int) string {
	t.Helper()
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		t.Fatal(err)
	}
	return string(hash)
}

func TestHashAndCompare(t *testing.T) {
	p, _ := newPool(t, 4)
	for _, password := range []string{"x", "correct horse", "éé\xff", strings.Repeat("a", 72)} {
		hash, err := p.Hash(context.Background(), "a", password)
		if err != nil {
			t.Fatal(err)
		}
		if cost, err := costOf(hash); cost != 4 || err != nil {
			t.Errorf("cost %d, %v", cost, err)
		}
		if ok, rehash, err := p.Compare(context.Background(), "a", hash, password); !ok || rehash || err != nil {
			t.Errorf("%q: %v %v %v", password, ok, rehash, err)
		}
		if ok, rehash, err := p.Compare(context.Background(), "a", hash, password+"y"); ok || rehash || err != nil {
			t.Errorf("%q with a letter more: %v %v %v", password, ok, rehash, err)
		}
	}
}

func TestUnusablePasswordsAreNotHashed(t *testing.T) {
	p, units := newPool(t, 4)
	for _, password := range []string{"", strings.Repeat("a", 73), "abc\x00abc", "abc\x00"} {
		hash, err := p.Hash(context.Background(), "a", password)
		if refused := (*PolicyError)(nil); hash != "" || !errors.As(err, &refused) {
			t.Errorf("%q: %q, %v", password, hash, err)
		}
	}
	if units.Load() != 0 {
		t.Errorf("spent %d units", units.Load())
	}
}

// TestUnusablePasswordsDoNotMatch shows what Go's bcrypt would accept, and that the pool does not.
func TestUnusablePasswordsDoNotMatch(t *testing.T) {
	p, _ := newPool(t, 4)
	for stored, given := range map[string]string{
		strings.Repeat("a", 72): strings.Repeat("a", 80),
		"abc":                   "abc\x00abc",
	} {
		hash := mustHash(t, stored, 4)
		if bcrypt.CompareHashAndPassword([]byte(hash), []byte(given)) != nil {
			t.Errorf("%q: bcrypt refuses it by now; the test shows nothing", given)
		}
		if ok, _, err := p.Compare(context.Background(), "a", hash, given); ok || err != nil {
			t.Errorf("%q: %v, %v", given, ok, err)
		}
	}
}

func TestForms(t *testing.T) {
	p, _ := newPool(t, 4)
	hash := mustHash(t, "secret", 4)
	for _, form := range []string{"$2a$", "$2b$", "$2y$"} {
		stored := form + hash[4:]
		if ok, _, err := p.Compare(context.Background(), "a", stored, "secret"); !ok || err != nil {
			t.Errorf("%s: %v, %v", form, ok, err)
		}
		if ok, _, err := p.Compare(context.Background(), "a", stored, "Secret"); ok || err != nil {
			t.Errorf("%s, wrong password: %v, %v", form, ok, err)
		}
	}
}

func TestRehashWhenTheCostRose(t *testing.T) {
	p, _ := newPool(t, 6)
	for cost, want := range map[int]bool{4: true, 5: true, 6: false, 7: false} {
		if ok, rehash, err := p.Compare(context.Background(), "a", mustHash(t, "secret", cost), "secret"); !ok || rehash != want || err != nil {
			t.Errorf("cost %d: %v %v %v", cost, ok, rehash, err)
		}
		if _, rehash, _ := p.Compare(context.Background(), "a", mustHash(t, "secret", cost), "wrong"); rehash {
			t.Errorf("cost %d: a wrong password asks for a new hash", cost)
		}
	}
}

// badHashes are texts that must never reach bcrypt.
func badHashes(t *testing.T) []string {
	good := mustHash(t, "secret", 4)
	return []string{
		"", "secret", "$2a$04$", good[:59], good + "x", good + "\n", " " + good[1:],
		"$2a$03$" + good[7:], "$2a$16$" + good[7:], "$2a$31$" + good[7:], "$2a$-4$" + good[7:], "$2a$4$" + good[6:],
		"$2x$" + good[4:], "$2$" + good[3:], "$1a$" + good[4:], good[:20] + "\x00" + good[21:], good[:20] + "$" + good[21:],
		"$argon2id$v=19$m=65536,t=3,p=4$c29tZXNhbHQ$RdescudvJCsgt3ub+b7dWRWJTmaaJObG",
	}
}

func TestBadHashes(t *testing.T) {
	p, units := newPool(t, 5)
	for _, hash := range badHashes(t) {
		units.Store(0)
		ok, rehash, err := p.Compare(context.Background(), "a", hash, "secret")
		if ok || rehash || !errors.Is(err, ErrBadHash) {
			t.Errorf("%q: %v %v %v", hash, ok, rehash, err)
		}
		if hash != "" && strings.Contains(err.Error(), hash) {
			t.Errorf("the error holds the hash: %v", err)
		}
		if units.Load() != 1<<5 {
			t.Errorf("%q: spent %d units, want %d", hash, units.Load(), 1<<5)
		}
	}
}

// TestEveryFailureCostsTheSame counts units, not time: whatever is wrong with a login, it costs one hash at the dearest
// cost in use, so that the time of the answer tells nothing.
func TestEveryFailureCostsTheSame(t *testing.T) {
	p, units := newPool(t, 5)
	p.NoteCost(mustHash(t, "somebody's", 7))
	fail := func(hash, password string) func() {
		return func() {
			if ok, _, _ := p.Compare(context.Background(), "a", hash, password); ok {
				t.Errorf("%q matches", password)
			}
		}
	}
	for name, login := range map[string]func(){
		"unknown account":                func() { _ = p.Burn(context.Background(), "a", "secret") },
		"unknown account, long":          func() { _ = p.Burn(context.Background(), "a", strings.Repeat("a", 100)) },
		"unknown account, empty":         func() { _ = p.Burn(context.Background(), "a", "") },
		"wrong, cost 4":                  fail(mustHash(t, "secret", 4), "wrong"),
		"wrong, cost 5":                  fail(mustHash(t, "secret", 5), "wrong"),
		"wrong, cost 6":                  fail(mustHash(t, "secret", 6), "wrong"),
		"wrong, cost 7":                  fail(mustHash(t, "secret", 7), "wrong"),
		"too long, cost 4":               fail(mustHash(t, "secret", 4), strings.Repeat("a", 73)),
		"NUL, cost 7":                    fail(mustHash(t, "secret", 7), "secret\x00secret"),
		"empty":                          fail(mustHash(t, "secret", 7), ""),
		"unacceptable hash":              fail("$2a$31$"+strings.Repeat(".", 53), "secret"),
		"unacceptable hash and too long": fail("", strings.Repeat("a", 73)),
	} {
		units.Store(0)
		if login(); units.Load() != 1<<7 {
			t.Errorf("%s: %d units, want %d", name, units.Load(), 1<<7)
		}
	}
}

func TestSuccessCostsItsOwnHash(t *testing.T) {
	p, units := newPool(t, 7)
	hash := mustHash(t, "secret", 5)
	if ok, _, _ := p.Compare(context.Background(), "a", hash, "secret"); !ok || units.Load() != 1<<5 {
		t.Errorf("ok %v, %d units", ok, units.Load())
	}
}

func TestNoteCost(t *testing.T) {
	p, units := newPool(t, 5)
	spent := func() int64 {
		units.Store(0)
		_ = p.Burn(context.Background(), "a", "x")
		return units.Load()
	}
	for _, tt := range []struct {
		hash string
		want int64
	}{
		{mustHash(t, "x", 4), 1 << 5}, // new hashes cost more
		{"rubbish", 1 << 5},
		{"$2a$31$" + strings.Repeat(".", 53), 1 << 5},
		{mustHash(t, "x", 6), 1 << 6},
		{mustHash(t, "x", 5), 1 << 6}, // never falls
	} {
		p.NoteCost(tt.hash)
		if got := spent(); got != tt.want {
			t.Errorf("after %.7s: %d units, want %d", tt.hash, got, tt.want)
		}
	}
	// Comparing notes the cost too.
	_, _, _ = p.Compare(context.Background(), "a", mustHash(t, "x", 7), "x")
	if got := spent(); got != 1<<7 {
		t.Errorf("after comparing: %d units", got)
	}
}
