package mongo

import (
	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// What the field op of an organization holds. The names in it are the stored layout: those of package tenant may change.

type opDoc struct {
	ID         string         `bson:"id"`
	Kind       string         `bson:"kind"`
	Step       string         `bson:"step"`
	Server     string         `bson:"server,omitempty"`
	Owner      string         `bson:"owner,omitempty"`
	LeaseUntil *bson.DateTime `bson:"lease_until,omitempty"`
	EntryID    string         `bson:"entry_id,omitempty"`
	Entry      actDoc         `bson:"entry"`
	Args       argsDoc        `bson:"args"`
	Unclean    bool           `bson:"unclean,omitempty"`
}

type argsDoc struct {
	Name         string `bson:"name,omitempty"`
	Slug         string `bson:"slug,omitempty"`
	Namespace    string `bson:"namespace,omitempty"`
	User         string `bson:"user,omitempty"`
	Email        string `bson:"email,omitempty"`
	PasswordHash string `bson:"password_hash,omitempty"`
	KeepSession  string `bson:"keep_session,omitempty"`
	Generation   int64  `bson:"generation,omitempty"`
}

func packOp(op *tenant.Operation) *opDoc {
	if op == nil {
		return nil
	}
	a := op.Args
	return &opDoc{
		ID: string(op.ID), Kind: string(op.Kind), Step: string(op.Step), Server: string(op.Server), Owner: op.Owner,
		LeaseUntil: moment(op.LeaseUntil), EntryID: string(op.Entry.ID), Entry: packAct(op.Entry),
		Args: argsDoc{
			string(a.Name), string(a.Slug), a.Namespace, string(a.User), string(a.Email), a.PasswordHash, string(a.KeepSession),
			a.Generation,
		},
		Unclean: op.Unclean,
	}
}

func (d *opDoc) unpack() *tenant.Operation {
	if d == nil {
		return nil
	}
	a := d.Args
	return &tenant.Operation{
		ID: tenant.OperationID(d.ID), Kind: tenant.OperationKind(d.Kind), Step: tenant.Step(d.Step),
		Server: tenant.InstanceID(d.Server), Owner: d.Owner, LeaseUntil: timeOf(d.LeaseUntil), Entry: d.Entry.unpack(d.EntryID),
		Args: tenant.Arguments{
			Name: tenant.Name(a.Name), Slug: tenant.Slug(a.Slug), Namespace: a.Namespace, User: tenant.UserID(a.User),
			Email: tenant.Email(a.Email), PasswordHash: a.PasswordHash, KeepSession: tenant.SessionID(a.KeepSession),
			Generation: a.Generation,
		},
		Unclean: d.Unclean,
	}
}
