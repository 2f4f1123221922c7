package mongo

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// operators keeps those who run the installation. Their addresses are claims in a collection of their own.
type operators struct{ shelf[tenant.Operator] }

type operatorDoc struct {
	ID           string   `bson:"_id"`
	Email        string   `bson:"email"`
	Claims       []string `bson:"claims"`
	PasswordHash string   `bson:"password_hash"`
	// Sessions is nil in what an orgd wrote that ended sessions by the time of the last change.
	Sessions  *sessionRuleDoc `bson:"sessions,omitempty"`
	Version   int64           `bson:"version"`
	CreatedAt *bson.DateTime  `bson:"created_at,omitempty"`
	UpdatedAt *bson.DateTime  `bson:"updated_at,omitempty"`
}

func packOperator(o tenant.Operator) any {
	return operatorDoc{
		ID: string(o.ID), Email: string(o.Email), Claims: texts[string](operatorClaims(&o)), PasswordHash: o.PasswordHash,
		Sessions: &sessionRuleDoc{o.Sessions.Generation, string(o.Sessions.Except)}, Version: o.Version,
		CreatedAt: moment(o.CreatedAt), UpdatedAt: moment(o.UpdatedAt),
	}
}

// operatorClaims are what an operator holds alone: the address.
func operatorClaims(o *tenant.Operator) []tenant.Claim {
	return []tenant.Claim{tenant.EmailClaim(o.Email)}
}

func unpackOperator(raw bson.Raw) (o tenant.Operator, err error) {
	var d operatorDoc
	if err := bson.Unmarshal(raw, &d); err != nil {
		return o, err
	}
	o = tenant.Operator{
		ID: tenant.OperatorID(d.ID), Email: tenant.Email(d.Email), PasswordHash: d.PasswordHash, Version: d.Version,
		CreatedAt: timeOf(d.CreatedAt), UpdatedAt: timeOf(d.UpdatedAt),
	}
	switch {
	case d.Sessions != nil:
		o.Sessions = tenant.SessionRule{Generation: d.Sessions.Generation, Except: tenant.SessionID(d.Sessions.Except)}
	case d.UpdatedAt != nil:
		o.Sessions.Generation = int64(*d.UpdatedAt)
	}
	return o, nil
}

var operatorKind = kind[tenant.Operator]{
	noun: "operator", pack: packOperator, unpack: unpackOperator,
	clone:   func(o *tenant.Operator) tenant.Operator { return *o },
	id:      func(o *tenant.Operator) string { return string(o.ID) },
	version: func(o *tenant.Operator) *int64 { return &o.Version },
	keep:    func(next, old *tenant.Operator) { next.ID, next.CreatedAt = old.ID, old.CreatedAt },
	claims:  operatorClaims,
	held: func(claim tenant.Claim, _ *tenant.Operator) *store.ClaimError {
		return &store.ClaimError{Claim: claim}
	},
}

// Insert implements store.Operators.
func (t operators) Insert(ctx context.Context, operator tenant.Operator, trail tenant.Trail) error {
	return t.insert(ctx, operator, trail)
}

// Get implements store.Operators.
func (t operators) Get(ctx context.Context, id tenant.OperatorID) (tenant.Operator, error) {
	return t.get(ctx, bson.M{"_id": string(id)})
}

// FindByEmail implements store.Operators.
func (t operators) FindByEmail(ctx context.Context, email tenant.Email) (tenant.Operator, error) {
	return t.get(ctx, bson.M{fieldClaims: string(tenant.EmailClaim(email))})
}

// List implements store.Operators.
func (t operators) List(ctx context.Context, after tenant.OperatorID, limit int) ([]tenant.Operator, error) {
	return t.list(ctx, bson.M{"_id": bson.M{"$gt": string(after)}}, limit)
}

// Update implements store.Operators.
func (t operators) Update(ctx context.Context, id tenant.OperatorID, trail tenant.Trail,
	change func(*tenant.Operator) error,
) (tenant.Operator, error) {
	return t.update(ctx, string(id), trail, change)
}

var _ store.Operators = operators{}
