package storetest

import (
	"math"

	"github.com/orgd/orgd/internal/tenant"
)

func instanceCases() []Case {
	return about("Instances",
		clause{name: "BeatStoresCounterAndAcks", check: instanceBeat},
		clause{name: "BeatThatIsLateChangesNothing", check: instanceBeatThatIsLate},
		clause{name: "BeatOfOneWhoWasRemoved", check: instanceBeatOfOneWhoWasRemoved},
		clause{name: "ListIsInOrderOfID", check: instanceListIsInOrder},
		clause{name: "RemoveIsIdempotent", check: instanceRemove},
	)
}

// instanceID is the key by which servers are listed.
func instanceID(i tenant.Instance) tenant.InstanceID { return i.ID }

func instanceBeat(d *desk) {
	kind := instanceKind(d)
	server, other := put(d, kind, newInstance()), put(d, kind, newInstance())
	acks := newInstance().Acks
	acks[tenant.OrgID(tenant.NewID())] = 0
	for _, want := range []tenant.Instance{
		{Counter: 2, Acks: acks}, {Counter: 3, Acks: nil}, {Counter: math.MaxInt64, Acks: newInstance().Acks},
	} {
		d.need(d.Instances.Beat(d.Context(), server.ID, want.Counter, want.Acks), "beat %d", want.Counter)
		server.Counter, server.Acks = want.Counter, want.Acks
		got, err := kind.get(d.Context(), server)
		d.need(err, "list")
		d.same(got, server, "the server after beat %d", want.Counter)
	}
	got, err := kind.get(d.Context(), other)
	d.need(err, "list")
	d.same(got, other, "the server that did not beat")
}

// A heartbeat that was under way for long must not undo a later one: others would take its server for a living one, and
// what it drained for as not drained.
func instanceBeatThatIsLate(d *desk) {
	kind := instanceKind(d)
	server := put(d, kind, newInstance())
	d.need(d.Instances.Beat(d.Context(), server.ID, 5, server.Acks), "beat 5")
	server.Counter = 5
	for _, counter := range []int64{5, 4} {
		d.want(tenant.CodeConflict, d.Instances.Beat(d.Context(), server.ID, counter, nil), "beat %d after 5", counter)
		got, err := kind.get(d.Context(), server)
		d.need(err, "list")
		d.same(got, server, "the server after the beats 5 and %d", counter)
	}
}

func instanceBeatOfOneWhoWasRemoved(d *desk) {
	server := put(d, instanceKind(d), newInstance())
	d.need(d.Instances.Remove(d.Context(), server.ID), "remove")
	for _, id := range []tenant.InstanceID{server.ID, newInstance().ID} {
		d.want(tenant.CodeNotFound, d.Instances.Beat(d.Context(), id, 100, nil), "beat of a server that is not on the list")
	}
	_, err := instanceKind(d).get(d.Context(), server)
	d.want(tenant.CodeNotFound, err, "look up the server after its late beat")
}

func instanceListIsInOrder(d *desk) {
	ids := fresh[tenant.InstanceID](5)
	for _, id := range shuffled(ids) {
		d.need(d.Instances.Register(d.Context(), named(newInstance(), tenant.Instance{ID: id})), "register")
	}
	all, err := d.Instances.List(d.Context())
	d.need(err, "list")
	d.same(keys(all, instanceID, ids), ids, "the case's servers in the list")
}

func instanceRemove(d *desk) {
	kind := instanceKind(d)
	server, other := put(d, kind, newInstance()), put(d, kind, newInstance())
	for _, what := range []string{"remove", "remove again"} {
		d.need(d.Instances.Remove(d.Context(), server.ID), "%s", what)
		d.want(tenant.CodeNotFound, errOf(kind.get(d.Context(), server)), "look up after: %s", what)
	}
	d.need(d.Instances.Remove(d.Context(), newInstance().ID), "remove of a server that was never there")
	d.need(errOf(kind.get(d.Context(), other)), "look up the other server")
}
