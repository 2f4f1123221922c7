package sqlite

import "github.com/orgd/orgd/internal/tenant"

// What the column organizations.op holds. The names in it are the stored layout: those of package tenant may change.

type opJSON struct {
	ID         tenant.OperationID   `json:"id"`
	Kind       tenant.OperationKind `json:"kind"`
	Step       tenant.Step          `json:"step"`
	Server     tenant.InstanceID    `json:"server,omitempty"`
	Owner      string               `json:"owner,omitempty"`
	LeaseUntil *millis              `json:"lease_until,omitempty"`
	Entry      entryJSON            `json:"entry"`
	Args       argsJSON             `json:"args"`
	Unclean    bool                 `json:"unclean,omitempty"`
}

type entryJSON struct {
	ID        tenant.EntryID    `json:"id,omitempty"`
	Org       tenant.OrgID      `json:"organization,omitempty"`
	ActorKind tenant.ActorKind  `json:"actor_kind,omitempty"`
	ActorID   string            `json:"actor_id,omitempty"`
	Session   tenant.SessionID  `json:"session,omitempty"`
	Action    string            `json:"action,omitempty"`
	Target    string            `json:"target,omitempty"`
	At        *millis           `json:"at,omitempty"`
	Address   string            `json:"address,omitempty"`
	RequestID string            `json:"request_id,omitempty"`
	Outcome   tenant.Outcome    `json:"outcome,omitempty"`
	Detail    map[string]string `json:"detail,omitempty"`
	Seq       int64             `json:"seq,omitempty"`
	PrevHash  string            `json:"prev_hash,omitempty"`
}

type argsJSON struct {
	Name         tenant.Name      `json:"name,omitempty"`
	Slug         tenant.Slug      `json:"slug,omitempty"`
	Namespace    string           `json:"namespace,omitempty"`
	User         tenant.UserID    `json:"user,omitempty"`
	Email        tenant.Email     `json:"email,omitempty"`
	PasswordHash string           `json:"password_hash,omitempty"`
	KeepSession  tenant.SessionID `json:"keep_session,omitempty"`
	Generation   int64            `json:"generation,omitempty"`
}

func fromOp(op *tenant.Operation) *opJSON {
	if op == nil {
		return nil
	}
	return &opJSON{
		ID: op.ID, Kind: op.Kind, Step: op.Step, Server: op.Server, Owner: op.Owner,
		LeaseUntil: toMillis(op.LeaseUntil), Entry: fromEntry(op.Entry), Args: argsJSON(op.Args), Unclean: op.Unclean,
	}
}

func (op *opJSON) operation() *tenant.Operation {
	if op == nil {
		return nil
	}
	return &tenant.Operation{
		ID: op.ID, Kind: op.Kind, Step: op.Step, Server: op.Server, Owner: op.Owner,
		LeaseUntil: op.LeaseUntil.time(), Entry: op.Entry.entry(), Args: tenant.Arguments(op.Args), Unclean: op.Unclean,
	}
}

func fromEntry(e tenant.AuditEntry) entryJSON {
	return entryJSON{
		ID: e.ID, Org: e.Org, ActorKind: e.Actor.Kind, ActorID: e.Actor.ID, Session: e.Actor.Session,
		Action: e.Action, Target: e.Target, At: toMillis(e.At), Address: e.Address, RequestID: e.RequestID,
		Outcome: e.Outcome, Detail: e.Detail, Seq: e.Seq, PrevHash: e.PrevHash,
	}
}

func (e *entryJSON) entry() tenant.AuditEntry {
	return tenant.AuditEntry{
		ID: e.ID, Org: e.Org, Actor: tenant.Actor{Kind: e.ActorKind, ID: e.ActorID, Session: e.Session},
		Action: e.Action, Target: e.Target, At: e.At.time(), Address: e.Address, RequestID: e.RequestID,
		Outcome: e.Outcome, Detail: e.Detail, Seq: e.Seq, PrevHash: e.PrevHash,
	}
}
