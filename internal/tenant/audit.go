package tenant

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"
)

// ActorKind is what kind of caller an audit entry names.
type ActorKind string

// The kinds of actors.
const (
	ActorAnonymous ActorKind = "anonymous"
	ActorMember    ActorKind = "member"
	ActorOperator  ActorKind = "operator"
	// ActorConsole is a person with a shell on the host, through an orgd command.
	ActorConsole ActorKind = "console"
	// ActorSystem is orgd itself: a purge that came due.
	ActorSystem ActorKind = "system"
)

// Actor is who did it.
type Actor struct {
	Kind ActorKind
	// ID is the user's or operator's id; empty for the other kinds.
	ID string
	// Session is the login through which the act came, if any.
	Session SessionID
}

// AuditEntry is one act of the control plane: who did what, when, from where, and how it ended. Only
// access.Guard.Authorize makes entries for acts of callers. Entries of acts on the installation have no Org.
type AuditEntry struct {
	ID     EntryID
	Org    OrgID
	Actor  Actor
	Action string
	// Target is the id of what was acted on where that is not the organization: a user, a key, an operator.
	Target string
	At     time.Time
	// Address and RequestID come from the client, cut at 256 bytes and stripped of control characters.
	Address   string
	RequestID string
	Outcome   Outcome
	// Detail says what changed, in names and never in secrets.
	Detail map[string]string
	// Seq counts the entries of one organization from 1 on; PrevHash is the hash of the entry before. Set by the store.
	Seq      int64
	PrevHash string
}

// Outcome is how an act ended. An act that did not happen leaves no entry, so there is one outcome so far.
type Outcome string

// OutcomeDone says that the act took effect.
const OutcomeDone Outcome = "done"

// With returns the entry with one more detail; the receiver is not changed.
func (e AuditEntry) With(key, value string) AuditEntry {
	e.Detail = cloneDetail(e.Detail)
	if e.Detail == nil {
		e.Detail = map[string]string{}
	}
	e.Detail[key] = value
	return e
}

func cloneDetail(d map[string]string) map[string]string { return maps.Clone(d) }

// Trail is what a write to the catalog leaves behind: an [AuditEntry] where the write makes an act visible, an
// [OperationRef] where it is a step of a recorded operation, [Upkeep] where nobody can see it. Writes take a Trail, so one
// without does not compile.
type Trail interface{ trail() }

// OperationRef stands for a step of a recorded operation, whose last step carries the entry.
type OperationRef struct{ ID OperationID }

// Upkeep stands for a write that changes nothing that a caller can see, such as a password hashed anew at a higher cost.
type Upkeep struct{ Reason string }

func (AuditEntry) trail()   {}
func (OperationRef) trail() {}
func (Upkeep) trail()       {}

// Hash returns the SHA-256 of the entry, in hex, over every field with its length, in the order of the struct; the next
// entry of the chain holds it as PrevHash.
func (e AuditEntry) Hash() string {
	h := sha256.New()
	write := func(parts ...string) {
		for _, p := range parts {
			h.Write(binary.AppendUvarint(nil, uint64(len(p))))
			h.Write([]byte(p))
		}
	}
	write(string(e.ID), string(e.Org), string(e.Actor.Kind), e.Actor.ID, string(e.Actor.Session), e.Action, e.Target)
	write(Millis(e.At).Format(time.RFC3339Nano), e.Address, e.RequestID, string(e.Outcome))
	for _, k := range slices.Sorted(maps.Keys(e.Detail)) {
		write(k, e.Detail[k])
	}
	write(strconv.FormatInt(e.Seq, 10), e.PrevHash)
	return hex.EncodeToString(h.Sum(nil))
}
