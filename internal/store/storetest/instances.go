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
		clause{name: "DeathIsFinal", check: instanceDeath},
		clause{name: "BeatOrDeathComesFirst", check: instanceBeatOrDeath},
		clause{name: "ListIsInOrderOfID", check: instanceListIsInOrder},
		clause{name: "RemoveIsIdempotent", check: instanceRemove},
	)
}

// instanceID is the key by which servers are listed.
func instanceID(i tenant.Instance) tenant.InstanceID { return i.ID }

func instanceBeat(d *desk) {
	kind := instanceKind(d)
	server, other := put(d, kind, newInstance()), put(d, kind, newInstance())
	full := newHeartbeat(2)
	full.Acks[tenant.OrgID(tenant.NewID())] = tenant.Ack{}
	for _, want := range []tenant.Heartbeat{full, {Counter: 3}, newHeartbeat(math.MaxInt64)} {
		want.At = tenant.Millis(want.At)
		d.need(d.Instances.Beat(d.Context(), server.ID, want), "beat %d", want.Counter)
		server.Heartbeat = want
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
	beat := server.Heartbeat
	beat.Counter = 5
	d.need(d.Instances.Beat(d.Context(), server.ID, beat), "beat 5")
	server.Counter = 5
	for _, counter := range []int64{5, 4} {
		d.want(tenant.CodeConflict, d.Instances.Beat(d.Context(), server.ID, tenant.Heartbeat{Counter: counter}), "beat %d after 5", counter)
		got, err := kind.get(d.Context(), server)
		d.need(err, "list")
		d.same(got, server, "the server after the beats 5 and %d", counter)
	}
}

func instanceBeatOfOneWhoWasRemoved(d *desk) {
	server := put(d, instanceKind(d), newInstance())
	d.need(d.Instances.Remove(d.Context(), server.ID), "remove")
	for _, id := range []tenant.InstanceID{server.ID, newInstance().ID} {
		err := d.Instances.Beat(d.Context(), id, tenant.Heartbeat{Counter: 100})
		d.want(tenant.CodeNotFound, err, "beat of a server that is not on the list")
		d.want(tenant.CodeNotFound, d.Instances.DeclareDead(d.Context(), id, 1), "a death of a server that is not on the list")
	}
	_, err := instanceKind(d).get(d.Context(), server)
	d.want(tenant.CodeNotFound, err, "look up the server after its late beat")
}

// Death is for a server whose counter stands still, and it is final: whoever was taken for dead learns so at its next beat.
func instanceDeath(d *desk) {
	kind := instanceKind(d)
	server, other := put(d, kind, newInstance()), put(d, kind, newInstance())
	for _, counter := range []int64{server.Counter - 1, server.Counter + 1} {
		d.want(tenant.CodeConflict, d.Instances.DeclareDead(d.Context(), server.ID, counter), "a death at another counter")
	}
	got, err := kind.get(d.Context(), server)
	d.need(err, "list")
	d.same(got, server, "the server that is alive")
	for _, counter := range []int64{server.Counter, server.Counter, 77} {
		d.need(d.Instances.DeclareDead(d.Context(), server.ID, counter), "a death, and again")
	}
	server.Dead = true
	d.want(tenant.CodeNotFound, d.Instances.Beat(d.Context(), server.ID, newHeartbeat(100)), "a beat of the dead")
	got, err = kind.get(d.Context(), server)
	d.need(err, "list")
	d.same(got, server, "the dead server")
	got, err = kind.get(d.Context(), other)
	d.need(err, "list")
	d.same(got, other, "the other server")
	d.need(d.Instances.Remove(d.Context(), server.ID), "remove the dead")
	d.want(tenant.CodeNotFound, errOf(kind.get(d.Context(), server)), "look up the dead")
}

// A beat and a death at the same time: one of them comes first, and the other learns it.
func instanceBeatOrDeath(d *desk) {
	for range 10 {
		server := put(d, instanceKind(d), newInstance())
		errs := together(2, func(i int) error {
			if i == 0 {
				return d.Instances.Beat(d.Context(), server.ID, newHeartbeat(2))
			}
			return d.Instances.DeclareDead(d.Context(), server.ID, server.Counter)
		})
		got, err := instanceKind(d).get(d.Context(), server)
		d.need(err, "list")
		if (errs[0] == nil) == (errs[1] == nil) || got.Dead != (errs[1] == nil) || (got.Counter == 2) != (errs[0] == nil) {
			d.Errorf("beat: %s, death: %s, and the server is %+v", told(errs[0]), told(errs[1]), got)
		}
	}
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
