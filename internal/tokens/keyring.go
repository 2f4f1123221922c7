package tokens

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// The times of a key's life.
const (
	// MaxAge is how old the keyring's knowledge of the store may be when it answers, counted from before the read began:
	// a revocation holds on every server within two seconds.
	MaxAge = time.Second
	// PublishAhead is how long a new key is published before it signs: twice JWKSMaxAge.
	PublishAhead = 10 * time.Minute
	// unknownPause is the least time between two reads of the store that unknown keys cause.
	unknownPause = 5 * time.Second
	// readTimeout bounds one read of the keys.
	readTimeout = time.Second
	// keepAtLeast is how long a key stays after its last signature even where tokens live shorter: ORGD_TOKEN_TTL may have
	// been longer when it signed.
	keepAtLeast = 24 * time.Hour
)

// Options are what a [Keyring] needs.
type Options struct {
	Keys store.Keys
	// KeyFile is the content of ORGD_KEY_FILE, 32 bytes, or nil: then secrets lie in the store as they are.
	KeyFile []byte
	// TokenTTL is how long tokens of this installation live (ORGD_TOKEN_TTL).
	TokenTTL time.Duration
	Now      func() time.Time
	Log      *slog.Logger
}

// Authorize yields the audit entry for one key that the keyring makes or removes by itself.
type Authorize func() (tenant.AuditEntry, error)

// Keyring holds the server's secrets as they lie in the store, read at most [MaxAge] ago. Safe for concurrent use.
type Keyring struct {
	keys  store.Keys
	seal  *sealer // nil without a key file
	ttl   time.Duration
	now   func() time.Time
	log   *slog.Logger
	set   atomic.Pointer[keySet]
	reads singleflight.Group
	// unknownAt is when an unknown key last caused a read, in nanoseconds of the clock.
	unknownAt atomic.Int64
}

// NewKeyring makes an empty keyring, which [Keyring.Load] fills. The key file has 32 bytes or is nil.
func NewKeyring(o Options) (*Keyring, error) {
	k := &Keyring{keys: o.Keys, ttl: o.TokenTTL, now: o.Now, log: o.Log}
	if k.log == nil {
		k.log = slog.New(slog.DiscardHandler)
	}
	if o.KeyFile == nil {
		return k, nil
	}
	seal, err := newSealer(o.KeyFile)
	if err != nil {
		return nil, err
	}
	k.seal = seal
	return k, nil
}

// Load reads the keys at start. It makes the MAC key where there is none and a signing key that signs at once where none
// signs, each under an entry of its own, and seals what lies in the store unsealed if there is a key file. It fails if a
// secret cannot be opened: the key file is missing or another one.
//
// Of servers that start at once on an empty store one makes the MAC key. Each may make a signing key; all are good.
func (k *Keyring) Load(ctx context.Context, authorize Authorize) error {
	keys, err := k.keys.List(ctx)
	if err != nil {
		return fmt.Errorf("read the server's keys: %w", err)
	}
	if err := k.sealAll(ctx, keys); err != nil {
		return err
	}
	if !hasPurpose(keys, tenant.KeyMAC) {
		if err := k.make(ctx, k.newMACKey, authorize); err != nil && !tenant.IsCode(err, tenant.CodeIDTaken) {
			return err
		}
	}
	set, err := k.read(ctx)
	if err != nil {
		return err
	}
	if set.unopened != nil {
		return fmt.Errorf("the server's secrets cannot be used: %w; if the key file is lost, make new ones with: orgd keys renew", set.unopened)
	}
	if set.signer(k.now()) != nil {
		return nil
	}
	if err := k.make(ctx, k.newSigningKey, authorize); err != nil {
		return err
	}
	return k.Refresh(ctx)
}

// make inserts one key under an entry of its own.
func (k *Keyring) make(ctx context.Context, fresh func(time.Time) (tenant.Key, error), authorize Authorize) error {
	entry, err := authorize()
	if err != nil {
		return err
	}
	key, err := fresh(entry.At)
	if err != nil {
		return err
	}
	entry.Target = string(key.ID)
	if err := k.keys.Insert(ctx, key, entry); err != nil {
		return fmt.Errorf("store a new %s key: %w", key.Purpose, err)
	}
	return nil
}

func hasPurpose(keys []tenant.Key, purpose tenant.KeyPurpose) bool {
	for _, key := range keys {
		if key.Purpose == purpose {
			return true
		}
	}
	return false
}

// Refresh reads the keys from the store now.
func (k *Keyring) Refresh(ctx context.Context) error {
	_, err := k.read(ctx)
	return err
}

// current returns the keys as the store had them less than [MaxAge] ago. Callers that find them too old share one read.
func (k *Keyring) current(ctx context.Context) (*keySet, error) {
	if set := k.set.Load(); set != nil && k.now().Sub(set.readAt) < MaxAge {
		return set, nil
	}
	flight := k.reads.DoChan("", func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readTimeout)
		defer cancel()
		return nil, k.Refresh(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, tenant.Wrap(tenant.CodeUnavailable, ctx.Err(), "the request ended before the server's keys were read")
	case result := <-flight:
		return k.set.Load(), result.Err
	}
}

// beyond is current for a key that the set does not know: another server may have made it within the last second. It reads
// the store at most every [unknownPause], however many strange tokens arrive.
func (k *Keyring) beyond(ctx context.Context, set *keySet) (*keySet, error) {
	last, now := k.unknownAt.Load(), k.now().UnixNano()
	if now-last < int64(unknownPause) || !k.unknownAt.CompareAndSwap(last, now) {
		return set, nil
	}
	return k.read(ctx)
}

// read reads the store and installs what it found, unless a read that began later was faster.
func (k *Keyring) read(ctx context.Context) (*keySet, error) {
	readAt := k.now()
	keys, err := k.keys.List(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the server's keys: %w", err)
	}
	for {
		old := k.set.Load()
		if old != nil && old.readAt.After(readAt) {
			return old, nil
		}
		set := k.build(old, keys, readAt)
		if k.set.CompareAndSwap(old, set) {
			if set.unopened != nil && (old == nil || old.unopened == nil) {
				k.log.LogAttrs(ctx, slog.LevelError, "a server key is not usable", slog.Any("error", set.unopened))
			}
			return set, nil
		}
	}
}

// errNoKey is a question before [Keyring.Load], or after every signing key was revoked behind the server's back.
var errNoKey = errors.New("no signing key is in force")
