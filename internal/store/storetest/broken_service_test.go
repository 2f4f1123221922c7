package storetest_test

import (
	"context"
	"maps"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var instanceTwins = []twin{
	{"a beat brings a removed server back", "Instances/BeatOfOneWhoWasRemoved", spoilInstances(func(i store.Instances) store.Instances { return upsertingBeats{i} })},
	{"a beat adds to the acks", "Instances/BeatStoresCounterAndAcks", spoilInstances(func(i store.Instances) store.Instances {
		return &gathersAcks{Instances: i, acks: map[tenant.OrgID]tenant.Ack{}}
	})},
	{"a beat stores no acks", "Instances/BeatStoresCounterAndAcks", spoilInstances(func(i store.Instances) store.Instances {
		return beatsWith{i, func(b *tenant.Heartbeat) { b.Acks = nil }}
	})},
	{"every ack is certain", "Instances/BeatStoresCounterAndAcks", spoilInstances(func(i store.Instances) store.Instances {
		return beatsWith{i, func(b *tenant.Heartbeat) {
			b.Acks = maps.Clone(b.Acks)
			for org, ack := range b.Acks {
				b.Acks[org] = tenant.Ack{Epoch: ack.Epoch}
			}
		}}
	})},
	{"one that beats is declared dead", "Instances/DeathIsFinal", spoilInstances(func(i store.Instances) store.Instances { return hastyDeath{i} })},
	{"the dead are forgotten", "Instances/DeathIsFinal", spoilInstances(func(i store.Instances) store.Instances { return deathByRemoval{i} })},
	{"a late beat undoes the next one", "Instances/BeatThatIsLateChangesNothing", spoilInstances(func(i store.Instances) store.Instances { return lateBeats{i} })},
	{"removing a server twice is an error", "Instances/RemoveIsIdempotent", spoilInstances(func(i store.Instances) store.Instances { return fussyRemove{i} })},
	{"each start founds its own installation", "Installation/FoundOnce", func(s store.Store) store.Store {
		s.Installation = ownFoundings{s.Installation}
		return s
	}},
	{"each server sets its own issuer", "Installation/IssuerIsSetOnce", func(s store.Store) store.Store {
		s.Installation = ownIssuers{s.Installation}
		return s
	}},
	{"an issuer is set over the one that is there", "Installation/FoundWithAnIssuerKeepsIt", func(s store.Store) store.Store {
		s.Installation = ownIssuers{s.Installation}
		return s
	}},
}

var throttleTwins = []twin{
	{"a counter is read and then added to", "Throttle/AddsOfManyAreAtomic", spoilThrottle(func(t store.Throttle) store.Throttle { return readThenAdd{t, gather(crowd)} })},
	{"counters do not leak", "Throttle/Leaks", spoilThrottle(func(t store.Throttle) store.Throttle { return leakWith{t, func(l *store.Leak) { l.PerSecond = 0 }} })},
	{"counters live for ever", "Throttle/ForgetsAfterTheTTL", spoilThrottle(func(t store.Throttle) store.Throttle {
		return leakWith{t, func(l *store.Leak) { l.TTL = 24 * time.Hour }}
	})},
	{"a look prolongs a counter's life", "Throttle/ForgetsAfterTheTTL", spoilThrottle(func(t store.Throttle) store.Throttle { return looksProlong{t} })},
	{"a counter can fall below zero", "Throttle/GivesBackDownToZero", spoilThrottle(func(store.Throttle) store.Throttle { return &bottomless{} })},
	{"a look adds a little", "Throttle/AddsUp", spoilThrottle(func(t store.Throttle) store.Throttle { return looksAdd{t} })},
	{"keys are cut", "Throttle/KeysAreApart", spoilThrottle(func(t store.Throttle) store.Throttle { return cutsKeys{t} })},
}

var contextTwins = []twin{
	{"a ping does not look at its context", "EveryMethod/EndsWithItsContext", func(s store.Store) store.Store {
		s.Health = well{}
		return s
	}},
	{"the context's own error comes back", "EveryMethod/EndsWithItsContext", spoilOrgs(func(o store.Orgs) store.Orgs { return rawErrors{o} })},
	{"a write goes on when its context is over", "EveryMethod/LeavesNothingWhenItsContextIsOver", spoilOrgs(func(o store.Orgs) store.Orgs { return stubbornRemove{o} })},
}

func spoilInstances(spoil func(store.Instances) store.Instances) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Instances = spoil(s.Instances)
		return s
	}
}

func spoilThrottle(spoil func(store.Throttle) store.Throttle) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Throttle = spoil(s.Throttle)
		return s
	}
}

type upsertingBeats struct{ store.Instances }

func (b upsertingBeats) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	err := b.Instances.Beat(ctx, id, beat)
	if tenant.IsCode(err, tenant.CodeNotFound) {
		err = b.Register(ctx, tenant.Instance{ID: id, Heartbeat: beat})
	}
	return err
}

type gathersAcks struct {
	store.Instances
	mu   sync.Mutex
	acks map[tenant.OrgID]tenant.Ack
}

func (b *gathersAcks) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	maps.Copy(b.acks, beat.Acks)
	beat.Acks = b.acks
	return b.Instances.Beat(ctx, id, beat)
}

// beatsWith changes what a beat says.
type beatsWith struct {
	store.Instances
	change func(*tenant.Heartbeat)
}

func (b beatsWith) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	b.change(&beat)
	return b.Instances.Beat(ctx, id, beat)
}

// lateBeats takes every beat for the newest.
type lateBeats struct{ store.Instances }

func (b lateBeats) Beat(ctx context.Context, id tenant.InstanceID, beat tenant.Heartbeat) error {
	err := b.Instances.Beat(ctx, id, beat)
	if err == nil || tenant.IsCode(err, tenant.CodeNotFound) {
		return err
	}
	if err := b.Instances.Remove(ctx, id); err != nil {
		return err
	}
	return b.Register(ctx, tenant.Instance{ID: id, Heartbeat: beat})
}

type fussyRemove struct{ store.Instances }

func (b fussyRemove) Remove(ctx context.Context, id tenant.InstanceID) error {
	if err := b.Beat(ctx, id, tenant.Heartbeat{Counter: 1 << 40}); err != nil {
		return err
	}
	return b.Instances.Remove(ctx, id)
}

// hastyDeath declares a server dead whatever its counter is by now.
type hastyDeath struct{ store.Instances }

func (b hastyDeath) DeclareDead(ctx context.Context, id tenant.InstanceID, _ int64) error {
	all, err := b.List(ctx)
	for _, i := range all {
		if i.ID == id {
			return b.Instances.DeclareDead(ctx, id, i.Counter)
		}
	}
	return err
}

// deathByRemoval forgets the dead, so that nobody knows that there was one.
type deathByRemoval struct{ store.Instances }

func (b deathByRemoval) DeclareDead(ctx context.Context, id tenant.InstanceID, counter int64) error {
	if err := b.Instances.DeclareDead(ctx, id, counter); err != nil {
		return err
	}
	return b.Remove(ctx, id)
}

type ownFoundings struct{ store.Installation }

func (ownFoundings) Found(_ context.Context, i tenant.Installation) (tenant.Installation, error) {
	i.CreatedAt = tenant.Millis(i.CreatedAt)
	return i, nil
}

// ownIssuers tells each caller the issuer that it brought.
type ownIssuers struct{ store.Installation }

func (b ownIssuers) SetIssuer(ctx context.Context, issuer string) (tenant.Installation, error) {
	i, err := b.Installation.SetIssuer(ctx, issuer)
	if err == nil {
		i.Issuer = issuer
	}
	return i, err
}

type readThenAdd struct {
	store.Throttle
	callers *gathering
}

func (b readThenAdd) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	level, err := b.Throttle.Add(ctx, key, 0, leak, now)
	if err != nil || delta == 0 {
		return level, err
	}
	b.callers.join(ctx)
	_, err = b.Throttle.Add(ctx, key, delta, leak, now)
	return level + delta, err
}

type leakWith struct {
	store.Throttle
	edit func(l *store.Leak)
}

func (b leakWith) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	b.edit(&leak)
	return b.Throttle.Add(ctx, key, delta, leak, now)
}

type looksProlong struct{ store.Throttle }

func (b looksProlong) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	if delta != 0 {
		return b.Throttle.Add(ctx, key, delta, leak, now)
	}
	if _, err := b.Throttle.Add(ctx, key, 1, leak, now); err != nil {
		return 0, err
	}
	return b.Throttle.Add(ctx, key, -1, leak, now)
}

type looksAdd struct{ store.Throttle }

func (b looksAdd) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	return b.Throttle.Add(ctx, key, max(delta, 1e-6), leak, now)
}

// bottomless is a counter for all keys, without leak or floor.
type bottomless struct {
	mu    sync.Mutex
	level float64
}

func (b *bottomless) Add(_ context.Context, _ string, delta float64, _ store.Leak, _ time.Time) (float64, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.level += delta
	return b.level, nil
}

type cutsKeys struct{ store.Throttle }

func (b cutsKeys) Add(ctx context.Context, key string, delta float64, leak store.Leak, now time.Time) (float64, error) {
	return b.Throttle.Add(ctx, key[:min(len(key), 63)], delta, leak, now)
}

type rawErrors struct{ store.Orgs }

func (b rawErrors) Get(ctx context.Context, id tenant.OrgID) (tenant.Organization, error) {
	if err := ctx.Err(); err != nil {
		return tenant.Organization{}, err
	}
	return b.Orgs.Get(ctx, id)
}

type stubbornRemove struct{ store.Orgs }

func (b stubbornRemove) Remove(ctx context.Context, id tenant.OrgID, version int64, trail tenant.Trail) error {
	return b.Orgs.Remove(context.WithoutCancel(ctx), id, version, trail)
}
