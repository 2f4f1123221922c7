package mongo

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// relay moves audit entries from the outboxes of documents to the log. Several relays may work on one organization at the
// same time: an entry is inserted by its id, so it is there once; the log is unique on organization and number, so it has
// no gap and no fork; and an entry leaves its outbox only after that.
type relay struct {
	calls
	log     *slog.Logger
	now     func() time.Time
	audit   *mongo.Collection
	sources []*mongo.Collection
	// turns keep this process's relays of one organization from working against each other.
	turns *stripes
	// failed counts the rounds in a row that failed.
	failed atomic.Int64

	mu     sync.Mutex
	posted int64
}

// newRelay returns a relay from the collections with outboxes to the log.
func newRelay(c calls, o Options, audit *mongo.Collection, sources ...*mongo.Collection) *relay {
	return &relay{calls: c, log: o.Log, now: o.Now, audit: audit, sources: sources, turns: newStripes()}
}

// letter returns what a write puts into its document's outbox: nothing for a trail that is no entry.
func (r *relay) letter(trail tenant.Trail) (*letter, error) {
	switch t := trail.(type) {
	case tenant.AuditEntry:
		t.Seq, t.PrevHash = 0, ""
		return &letter{ID: string(t.ID), Act: packAct(t), Posted: r.stamp()}, nil
	case tenant.OperationRef, tenant.Upkeep:
		return nil, nil
	default: // a pointer to one of them would compile too
		return nil, tenant.Errorf(tenant.CodeInternal, "a write came with a trail of type %T", trail)
	}
}

// stamp returns the time, later at each call.
func (r *relay) stamp() int64 {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.posted = max(r.posted+1, r.now().UnixNano())
	return r.posted
}

// box is a document with its outbox.
type box struct {
	source *mongo.Collection
	id     any
	buried bool
	letters,
	mine outbox // those of the organization that is being relayed
}

// drain moves the entries of one organization that were posted until then; zero is all.
func (r *relay) drain(ctx context.Context, org tenant.OrgID, until int64) error {
	release, err := r.turns.hold(ctx, string(org))
	if err != nil {
		return err
	}
	defer release()
	return r.read(ctx, func(ctx context.Context) error {
		boxes, err := r.gather(ctx, string(org), until)
		if err != nil || len(boxes) == 0 {
			return err
		}
		if err := r.post(ctx, string(org), inOrder(boxes)); err != nil {
			return err
		}
		for _, b := range boxes {
			if err := b.empty(ctx); err != nil {
				return err
			}
		}
		return nil
	})
}

// gather reads all outboxes with entries of an organization.
func (r *relay) gather(ctx context.Context, org string, until int64) ([]box, error) {
	found, errs := make([][]box, len(r.sources)), make([]error, len(r.sources))
	var all sync.WaitGroup
	for i, source := range r.sources {
		all.Go(func() { found[i], errs[i] = r.gatherFrom(ctx, source, org, until) })
	}
	all.Wait()
	return slices.Concat(found...), errors.Join(errs...)
}

// gatherFrom reads the outboxes of one collection.
func (r *relay) gatherFrom(ctx context.Context, source *mongo.Collection, org string, until int64) (boxes []box, err error) {
	o := options.Find().SetProjection(bson.M{fieldOutbox: 1, fieldLayout: 1})
	err = each(ctx, source, bson.M{fieldOutbox + ".organization": org}, o, func(raw bson.Raw) error {
		b := box{source: source, id: raw.Lookup("_id"), buried: raw.Lookup(fieldLayout).AsInt64() == tombstone}
		var err error
		b.letters, err = readOutbox(raw)
		b.mine = b.letters.of(org).until(until)
		if len(b.mine) > 0 {
			b.id = clone(raw.Lookup("_id"))
			boxes = append(boxes, b)
		}
		return err
	})
	return boxes, err
}

// clone returns a value that does not share its bytes with a cursor's.
func clone(v bson.RawValue) bson.RawValue {
	v.Value = slices.Clone(v.Value)
	return v
}

// inOrder returns the entries of several outboxes in the order in which they were posted. Within one outbox its own order
// counts, should the clocks of two servers disagree.
func inOrder(boxes []box) outbox {
	var all outbox
	for _, b := range boxes {
		latest := int64(0)
		for _, l := range b.mine {
			latest = max(latest, l.Posted)
			l.Posted = latest
			all = append(all, l)
		}
	}
	slices.SortStableFunc(all, func(a, b *letter) int { return cmp.Compare(a.Posted, b.Posted) })
	return all
}

// post appends entries to the log of an organization, except those that are there.
func (r *relay) post(ctx context.Context, org string, letters outbox) error {
	last, err := r.last(ctx, org)
	for _, l := range letters {
		for err == nil {
			next := logged(l, last)
			_, err = r.audit.InsertOne(ctx, next)
			if err == nil {
				last = next
				break
			}
			if !mongo.IsDuplicateKeyError(err) {
				return err
			}
			known, lookErr := r.knows(ctx, l.ID)
			if err = lookErr; known || err != nil {
				break
			}
			last, err = r.last(ctx, org) // another relay went first
		}
	}
	return err
}

// auditDoc is an entry in the log.
type auditDoc struct {
	ID     string `bson:"_id"`
	Layout int    `bson:"layout"`
	Act    actDoc `bson:",inline"`
	Hash   string `bson:"hash"`
}

// logged returns the document of an entry that follows last.
func logged(l *letter, last auditDoc) auditDoc {
	d := auditDoc{ID: l.ID, Layout: rowLayout, Act: l.Act}
	d.Act.Seq, d.Act.PrevHash = last.Act.Seq+1, last.Hash
	entry := d.Act.unpack(d.ID)
	d.Hash = entry.Hash()
	return d
}

// last returns the last entry of an organization's log; the zero one if there is none.
func (r *relay) last(ctx context.Context, org string) (d auditDoc, err error) {
	o := options.FindOne().SetSort(bson.D{e("seq", -1)})
	err = r.audit.FindOne(ctx, bson.M{"organization": org, fieldLayout: living()}, o).Decode(&d)
	if isMissing(err) {
		return auditDoc{}, nil
	}
	return d, err
}

// knows reports whether the log has an entry.
func (r *relay) knows(ctx context.Context, id string) (bool, error) {
	n, err := r.audit.CountDocuments(ctx, bson.M{"_id": id})
	return n > 0, err
}

// empty takes the entries that are in the log out of the outbox. A tombstone gets no new ones, and goes with its last.
func (b *box) empty(ctx context.Context) error {
	if b.buried && len(b.mine) == len(b.letters) {
		_, err := b.source.DeleteOne(ctx, bson.M{"_id": b.id, fieldLayout: tombstone})
		return err
	}
	_, err := b.source.UpdateOne(ctx, bson.M{"_id": b.id},
		bson.M{"$pull": bson.M{fieldOutbox: bson.M{"id": bson.M{"$in": b.mine.ids()}}}})
	return err
}

// drainOne moves all entries of one document.
func (r *relay) drainOne(ctx context.Context, source *mongo.Collection, id any) error {
	var letters outbox
	err := r.read(ctx, func(ctx context.Context) error {
		raw, err := source.FindOne(ctx, bson.M{"_id": id}).Raw()
		if err != nil {
			return err
		}
		letters, err = readOutbox(raw)
		return err
	})
	if isMissing(err) {
		return nil
	}
	return errors.Join(err, r.drainAll(ctx, letters, 0))
}

// drainAll moves what the organizations of the letters have in their outboxes.
func (r *relay) drainAll(ctx context.Context, letters outbox, until int64) error {
	seen := map[string]bool{}
	for _, l := range letters {
		if seen[l.Act.Organization] {
			continue
		}
		seen[l.Act.Organization] = true
		if err := r.drain(ctx, tenant.OrgID(l.Act.Organization), until); err != nil {
			return err
		}
	}
	return nil
}
