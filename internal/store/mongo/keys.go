package mongo

import (
	"bytes"
	"context"
	"math"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// keys keeps the server's secrets, in the private database.
type keys struct{ shelf[tenant.Key] }

type keyDoc struct {
	ID        string         `bson:"_id"`
	Purpose   string         `bson:"purpose"`
	Material  []byte         `bson:"material,omitempty"`
	Sealed    bool           `bson:"sealed"`
	Public    []byte         `bson:"public,omitempty"`
	CreatedAt *bson.DateTime `bson:"created_at,omitempty"`
	SignsFrom *bson.DateTime `bson:"signs_from,omitempty"`
	RetiredAt *bson.DateTime `bson:"retired_at,omitempty"`
	RevokedAt *bson.DateTime `bson:"revoked_at,omitempty"`
	Version   int64          `bson:"version"`
}

func packKey(k tenant.Key) any {
	return keyDoc{
		ID: string(k.ID), Purpose: string(k.Purpose), Material: k.Material, Sealed: k.Sealed, Public: k.Public,
		CreatedAt: moment(k.CreatedAt), SignsFrom: moment(k.SignsFrom), RetiredAt: moment(k.RetiredAt), RevokedAt: moment(k.RevokedAt),
		Version: k.Version,
	}
}

func unpackKey(raw bson.Raw) (k tenant.Key, err error) {
	var d keyDoc
	if err := bson.Unmarshal(raw, &d); err != nil {
		return k, err
	}
	return tenant.Key{
		ID: tenant.KeyID(d.ID), Purpose: tenant.KeyPurpose(d.Purpose), Material: d.Material, Sealed: d.Sealed, Public: d.Public,
		CreatedAt: timeOf(d.CreatedAt), SignsFrom: timeOf(d.SignsFrom), RetiredAt: timeOf(d.RetiredAt), RevokedAt: timeOf(d.RevokedAt),
		Version: d.Version,
	}, nil
}

var keyKind = kind[tenant.Key]{
	noun: "key", pack: packKey, unpack: unpackKey,
	clone: func(k *tenant.Key) tenant.Key {
		c := *k
		c.Material, c.Public = bytes.Clone(k.Material), bytes.Clone(k.Public)
		return c
	},
	id:      func(k *tenant.Key) string { return string(k.ID) },
	version: func(k *tenant.Key) *int64 { return &k.Version },
	keep:    func(next, old *tenant.Key) { next.ID, next.CreatedAt = old.ID, old.CreatedAt },
}

// Insert implements store.Keys.
func (t keys) Insert(ctx context.Context, key tenant.Key, trail tenant.Trail) error {
	return t.insert(ctx, key, trail)
}

// List implements store.Keys.
func (t keys) List(ctx context.Context) ([]tenant.Key, error) {
	return t.list(ctx, bson.M{}, math.MaxInt32)
}

// Update implements store.Keys.
func (t keys) Update(ctx context.Context, id tenant.KeyID, trail tenant.Trail, change func(*tenant.Key) error) (tenant.Key, error) {
	return t.update(ctx, string(id), trail, change)
}

// Remove implements store.Keys.
func (t keys) Remove(ctx context.Context, id tenant.KeyID, trail tenant.Trail) error {
	return t.remove(ctx, string(id), anyVersion, trail)
}

var _ store.Keys = keys{}
