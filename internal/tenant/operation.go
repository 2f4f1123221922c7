package tenant

import "time"

// OperationKind is what an operation does to its organization.
type OperationKind string

// The kinds of operations.
const (
	OperationCreate  OperationKind = "create"
	OperationUpdate  OperationKind = "update"
	OperationDelete  OperationKind = "delete"
	OperationRestore OperationKind = "restore"
	OperationPurge   OperationKind = "purge"
	// OperationAdopt makes an organization around data that was there before it, and that nothing of it moves or removes.
	OperationAdopt OperationKind = "adopt"
	// OperationSettle looks after names in quarantine.
	OperationSettle OperationKind = "settle"
)

// Step is how far an operation has come. Steps before the physical one can be taken back, later ones only go forward.
type Step string

// The steps, in the order of every operation; an operation skips those that it does not need.
const (
	// StepClaimed: the organization's claims are taken, the intent is recorded. Nothing is visible yet.
	StepClaimed Step = "claimed"
	// StepReserved: the claims of other documents (a user's new address) are taken as well.
	StepReserved Step = "reserved"
	// StepPhysical: all servers have drained; the data may be moved from here on, and there is no way back but from a place
	// that refused to move anything.
	StepPhysical Step = "physical"
	// StepBack: the operation failed before anything was visible and is being taken back.
	StepBack Step = "back"
)

// Operation is a change of several steps, recorded in the organization that it changes. Whoever holds Owner advances it;
// once the lease is over, or its server is dead, another takes it over by a swap of Owner.
type Operation struct {
	ID   OperationID
	Kind OperationKind
	Step Step
	// Server and Owner are the server that works on it and a token of that one attempt.
	Server     InstanceID
	Owner      string
	LeaseUntil time.Time
	// Entry is the audit entry that the last step writes, fixed at the beginning so that every attempt writes the same.
	Entry AuditEntry
	Args  Arguments
	// Unclean says that something that was sent before the physical step may still arrive after it, so that the physical names
	// go to quarantine when the operation ends.
	Unclean bool
}

// Arguments are what an operation needs to be finished by anyone. Empty fields do not apply.
type Arguments struct {
	// Name, Slug and Namespace are the organization's next ones.
	Name      Name
	Slug      Slug
	Namespace string
	// User is the owner who is created or changed; Email and PasswordHash are that user's next ones.
	User         UserID
	Email        Email
	PasswordHash string
	// KeepSession is the session that survives a change of credentials: the one that asked for it.
	KeepSession SessionID
	// Generation is that of the user's sessions when the operation was recorded. Whoever has changed the password since then
	// came later, and theirs stands.
	Generation int64
}

// Ref returns the reference that the operation's steps leave in place of an audit entry.
func (op *Operation) Ref() OperationRef { return OperationRef{ID: op.ID} }
