package tenant

import "time"

// KeyID names a server secret; for a signing key it is the kid of RFC 7517.
type KeyID string

// KeyPurpose is what a server secret is for.
type KeyPurpose string

// The purposes.
const (
	// KeySigning signs access tokens (ES256, RFC 7518).
	KeySigning KeyPurpose = "signing"
	// KeyMAC keys the HMACs of throttle rows, reset links, cursors and idempotency fingerprints (32 random bytes).
	KeyMAC KeyPurpose = "mac"
)

// Key is a server secret as the store holds it.
type Key struct {
	ID      KeyID
	Purpose KeyPurpose
	// Material is the private key (PKCS #8) or secret, sealed under ORGD_KEY_FILE where Sealed says so.
	Material []byte
	Sealed   bool
	// Public is the public half (PKIX) of a signing key.
	Public    []byte
	CreatedAt time.Time
	// SignsFrom is when the key begins to sign: ten minutes after it was published, so that every cached key set knows it.
	SignsFrom time.Time
	// RetiredAt is when a younger key took over; tokens signed before stay good until they expire. Zero while it signs.
	RetiredAt time.Time
	// RevokedAt ends every token of the key at once. Zero unless revoked.
	RevokedAt time.Time
	Version   int64
}

// Installation is what one orgd installation is, fixed for good.
type Installation struct {
	ID string
	// Issuer is the iss of every token: ORGD_PUBLIC_URL of the first server that became ready, else urn:uuid:<ID>; empty
	// until then.
	Issuer    string
	CreatedAt time.Time
}

// Instance is one server on the list: one that runs, or one that was declared dead.
type Instance struct {
	ID        InstanceID
	Version   string
	StartedAt time.Time
	Heartbeat
	// Dead says that others saw its counter stand still for too long. That is final: it comes back under another id.
	Dead bool
}

// Heartbeat is what a server tells the others again and again.
type Heartbeat struct {
	// Counter rises with every heartbeat. Others watch it change on clocks of their own; times are never compared.
	Counter int64
	// Acks are the organizations under operation that this server has drained.
	Acks map[OrgID]Ack
	// At is when it was sent, by the server's own clock: for people to read, and compared with nothing.
	At time.Time
}

// Ack says that a server admits nobody to an organization's data any more, and that nobody is inside.
type Ack struct {
	// Epoch is that of the operation that it drained for.
	Epoch int64
	// Uncertain says that the answer of an insert into this organization's data was lost lately, so that the command may
	// still run, and make the collection again under its old name.
	Uncertain bool
}
