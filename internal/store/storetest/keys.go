package storetest

import (
	"cmp"
	"slices"

	"github.com/orgd/orgd/internal/tenant"
)

func keyCases() []Case {
	return about("Keys",
		clause{name: "ListHasAllInOrderOfID", check: keyListHasAll},
		clause{name: "Remove", check: keyRemove},
		clause{name: "RemoveHasOneWinner", check: keyRemoveHasOneWinner},
	)
}

// keyID is the key by which server secrets are listed.
func keyID(k tenant.Key) tenant.KeyID { return k.ID }

// A key's id is a thumbprint in base64, so both cases and the signs - and _ occur; order is by bytes.
func keyListHasAll(d *desk) {
	word := tenant.KeyID(token())
	ids := []tenant.KeyID{word + "-", word + "0", word + "A", word + "Z", word + "_", word + "a", word + "b"}
	for i, id := range shuffled(ids) {
		key := named(newKey(), tenant.Key{ID: id})
		if i%2 == 0 {
			key.RevokedAt = noon
		}
		d.need(d.Keys.Insert(d.Context(), key, upkeep), "insert a key")
	}
	all, err := d.Keys.List(d.Context())
	d.need(err, "list")
	d.same(keys(all, keyID, ids), ids, "the case's keys, revoked ones included")
	if !slices.IsSortedFunc(all, func(a, b tenant.Key) int { return cmp.Compare(a.ID, b.ID) }) {
		d.Errorf("the list is not in order of id by bytes")
	}
}

func keyRemove(d *desk) {
	kind := keyKind(d)
	key, other := put(d, kind, newKey()), put(d, kind, newKey())
	d.need(d.Keys.Remove(d.Context(), key.ID, upkeep), "remove")
	d.want(tenant.CodeNotFound, errOf(kind.get(d.Context(), key)), "look up what was removed")
	d.want(tenant.CodeNotFound, d.Keys.Remove(d.Context(), key.ID, upkeep), "remove again")
	d.want(tenant.CodeNotFound, d.Keys.Remove(d.Context(), newKey().ID, upkeep), "remove of what was never there")
	got, err := kind.get(d.Context(), other)
	d.need(err, "look up the other key")
	d.same(got, other, "the key beside the one that was removed")
}

func keyRemoveHasOneWinner(d *desk) {
	key := put(d, keyKind(d), newKey())
	errs := together(crowd, func(int) error { return d.Keys.Remove(d.Context(), key.ID, upkeep) })
	d.winner(errs, tenant.CodeNotFound, "removals of one key")
}
