package storetest_test

import (
	"context"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

var placeTwins = []twin{
	{"creating a home empties it", "Places/CreateLeavesWhatIsThere", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return freshHomes{p} })},
	{"a home with documents can be discarded", "Places/DiscardLeavesAHomeWithDocuments", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return heedlessDiscard{p} })},
	{"discarding nothing is an error", "Places/DiscardTakesAnEmptyHome", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return &fussyPlaces{Places: p} })},
	{"a rename copies and loses one", "Places/RenameMovesEverything", spoilPlaces(func(p store.Places, d store.Documents) store.Places { return lossyPlaces{p, d} })},
	{"the trash can be read", "Places/TrashMakesUnreachable", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return openTrash{p} })},
	{"a second trash is an error", "Places/TrashMakesUnreachable", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return &fussyPlaces{Places: p} })},
	{"a trash of nothing succeeds", "Places/TrashOfNothingIsNotFound", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return meekTrash{p} })},
	{"a restore makes an empty home", "Places/RestoreBringsEverythingBack", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return emptyRestore{p} })},
	{"a restore loses one document", "Places/RestoreBringsEverythingBack", spoilPlaces(func(p store.Places, d store.Documents) store.Places { return lossyPlaces{p, d} })},
	{"a restore of nothing succeeds", "Places/RestoreOfNothing", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return meekRestore{p} })},
	{"the trash holds one of each organization", "Places/RestoreOfNothing", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return oneTrash{p} })},
	{"a sweep takes the home", "Places/SweepLeavesHomesAlone", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return greedySweep{p} })},
	{"a drop keeps everything", "Places/DropIsForGood", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return noDrop{p} })},
	{"a drop takes all of an organization", "Places/DropTakesNothingElse", spoilPlaces(func(p store.Places, _ store.Documents) store.Places { return oneTrash{p} })},
}

func spoilPlaces(spoil func(store.Places, store.Documents) store.Places) func(store.Store) store.Store {
	return func(s store.Store) store.Store {
		s.Places = spoil(s.Places, s.Documents)
		return s
	}
}

// greedySweep takes whatever the organization has at the name.
type greedySweep struct{ store.Places }

func (b greedySweep) Sweep(ctx context.Context, namespace string, place tenant.Place, op tenant.OperationID) (bool, error) {
	place.Placement.Namespace = namespace
	err := b.Trash(ctx, place, op)
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return false, nil
	}
	return err == nil, err
}

type meekTrash struct{ store.Places }

func (b meekTrash) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	if err := b.Places.Trash(ctx, place, op); !tenant.IsCode(err, tenant.CodeNotFound) {
		return err
	}
	return nil
}

type freshHomes struct{ store.Places }

func (b freshHomes) Create(ctx context.Context, place tenant.Place) error {
	if err := heedlessDiscard(b).Discard(ctx, place); err != nil {
		return err
	}
	return b.Places.Create(ctx, place)
}

type heedlessDiscard struct{ store.Places }

func (b heedlessDiscard) Discard(ctx context.Context, place tenant.Place) error {
	err := b.Places.Discard(ctx, place)
	if !tenant.IsCode(err, tenant.CodeConflict) {
		return err
	}
	op := tenant.OperationID(tenant.NewID())
	if err := b.Trash(ctx, place, op); err != nil {
		return err
	}
	return b.Drop(ctx, place.Org, op)
}

// fussyPlaces does nothing twice.
type fussyPlaces struct {
	store.Places
	mu   sync.Mutex
	done map[string]bool
}

func (b *fussyPlaces) once(act string, call func() error) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.done[act] {
		return tenant.Errorf(tenant.CodeNotFound, "there is nothing to do")
	}
	if b.done == nil {
		b.done = map[string]bool{}
	}
	b.done[act] = true
	return call()
}

func (b *fussyPlaces) Discard(ctx context.Context, place tenant.Place) error {
	return b.once("discard "+string(place.Org), func() error { return b.Places.Discard(ctx, place) })
}

func (b *fussyPlaces) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	return b.once("trash "+string(op), func() error { return b.Places.Trash(ctx, place, op) })
}

// lossyPlaces loses a document whenever data moves.
type lossyPlaces struct {
	store.Places
	documents store.Documents
}

func (b lossyPlaces) lose(ctx context.Context, place tenant.Place) error {
	docs, err := b.documents.List(ctx, place.In(tenant.DefaultCollection), "", 1)
	if err != nil || len(docs) == 0 {
		return err
	}
	return b.documents.Delete(ctx, place.In(tenant.DefaultCollection), docs[0].ID, tenant.Revision{})
}

func (b lossyPlaces) Rename(ctx context.Context, from, to tenant.Place) error {
	if err := b.Places.Rename(ctx, from, to); err != nil {
		return err
	}
	return b.lose(ctx, to)
}

func (b lossyPlaces) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	if err := b.Places.Restore(ctx, op, place); err != nil {
		return err
	}
	return b.lose(ctx, place)
}

type openTrash struct{ store.Places }

func (openTrash) Trash(context.Context, tenant.Place, tenant.OperationID) error { return nil }

type emptyRestore struct{ store.Places }

func (b emptyRestore) Restore(ctx context.Context, _ tenant.OperationID, place tenant.Place) error {
	return b.Create(ctx, place)
}

type meekRestore struct{ store.Places }

func (b meekRestore) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	return forgive(tenant.CodeNotFound, b.Places.Restore(ctx, op, place))
}

type noDrop struct{ store.Places }

func (noDrop) Drop(context.Context, tenant.OrgID, tenant.OperationID) error { return nil }

// oneTrash knows the trash by its organization and not by the operation.
type oneTrash struct{ store.Places }

func (b oneTrash) Trash(ctx context.Context, place tenant.Place, _ tenant.OperationID) error {
	return b.Places.Trash(ctx, place, tenant.OperationID(place.Org))
}

func (b oneTrash) Restore(ctx context.Context, _ tenant.OperationID, place tenant.Place) error {
	return b.Places.Restore(ctx, tenant.OperationID(place.Org), place)
}

func (b oneTrash) Drop(ctx context.Context, org tenant.OrgID, _ tenant.OperationID) error {
	return b.Places.Drop(ctx, org, tenant.OperationID(org))
}
