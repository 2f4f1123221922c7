package sqlite

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// places makes, moves and removes tenants' files. The file carries the organization's id and not its name, so a rename
// moves nothing.
//
// Whatever moves first counts out all users of the file and closes it. A log that were left beside the old name would be
// replayed into the next file of that name, and show one tenant's rows to another; so nothing moves while one is there.
type places struct {
	files tenantFiles
	pool  *pool
	disk  *disk
	press *press
	// cut, set by tests, may end a method after the step that it names, as a crash would.
	cut func(step string) error
}

// reach tells tests that a step is done.
func (t *places) reach(step string) error {
	if t.cut == nil {
		return nil
	}
	return t.cut(step)
}

// Create implements store.Places.
func (t *places) Create(ctx context.Context, place tenant.Place) error {
	path, err := t.files.home(place.Org)
	if err != nil {
		return err
	}
	err = t.pool.use(ctx, place.Org, func(*file) error { return syncDir(filepath.Dir(path)) })
	switch {
	case errors.Is(err, errStranger) || errors.Is(err, errForeign):
		return tenant.Wrap(tenant.CodeConflict, err, "the place of the organization's data is taken by something else")
	case !tenant.IsCode(err, tenant.CodeNotFound):
		return translate(err)
	}
	if err := t.disk.check(); err != nil {
		return err
	}
	return t.pool.exclusive(ctx, place.Org, func() error { return translate(t.create(path, place.Org)) })
}

// create builds the file under a temporary name and gives it its own when it is whole and on disk.
func (t *places) create(path string, org tenant.OrgID) error {
	if there, err := exists(path); err != nil || there { // made by another call meanwhile
		return err
	}
	if err := unattended(path); err != nil {
		return err
	}
	content, err := t.press.make(org)
	if err != nil {
		return err
	}
	temporary := path + ".tmp"
	if err := writeFile(temporary, content); err != nil {
		return err
	}
	if err := t.reach("create: written"); err != nil {
		return err
	}
	if err := moveFile(temporary, path); err != nil {
		return err
	}
	if err := t.reach("create: named"); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// writeFile writes a file, in place of one that may be there, and brings it to disk.
func writeFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err == nil {
		err = f.Sync()
	}
	return errors.Join(err, f.Close())
}

// unattended returns an error if SQLite's own files lie beside the name of a database that is about to be put there.
func unattended(path string) error {
	for _, suffix := range []string{"-wal", "-shm", "-journal"} {
		if there, err := exists(path + suffix); err != nil || there {
			return errors.Join(err, fmt.Errorf("%s%s lies where it would be taken for the log of another file", path, suffix))
		}
	}
	return nil
}

// Rename implements store.Places.
func (t *places) Rename(ctx context.Context, from, to tenant.Place) error {
	if from.Org != to.Org {
		return tenant.Errorf(tenant.CodeConflict, "data never moves from one organization to another")
	}
	e, err := t.pool.pin(ctx, from.Org) // not its file, which may be lost or damaged and is none of a rename's business
	if err == nil {
		t.pool.unpin(e)
	}
	return err
}

// Trash implements store.Places.
func (t *places) Trash(ctx context.Context, place tenant.Place, op tenant.OperationID) error {
	home, err := t.files.home(place.Org)
	if err != nil {
		return err
	}
	grave, err := t.files.grave(place.Org, op)
	if err != nil {
		return err
	}
	return t.pool.exclusive(ctx, place.Org, func() error {
		return judgeMove(t.move(home, grave, func() error { return t.settleDamaged(home, place.Org) }))
	})
}

// Restore implements store.Places.
func (t *places) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	home, err := t.files.home(place.Org)
	if err != nil {
		return err
	}
	grave, err := t.files.grave(place.Org, op)
	if err != nil {
		return err
	}
	return t.pool.exclusive(ctx, place.Org, func() error {
		return judgeMove(t.move(grave, home, func() error { return t.settle(grave, place.Org, nil) }))
	})
}

// judgeMove tells a file that is damaged or somebody else's from a failure that may pass: CodeConflict, after which the caller
// gives up, instead of trying for ever. Other errors are translated.
func judgeMove(err error) error {
	if damaged(err) || errors.Is(err, errStranger) || errors.Is(err, errForeign) {
		return tenant.Wrap(tenant.CodeConflict, err,
			"the organization's file is damaged, or not its own; an operator must put one from a backup in its place")
	}
	return translate(err)
}

// move moves a file that nobody uses, after settle has made sure that it is whole without a log. One that is at its target
// already was moved by an earlier call.
func (t *places) move(from, to string, settle func() error) error {
	source, err := exists(from)
	if err != nil {
		return err
	}
	target, err := exists(to)
	if err != nil {
		return err
	}
	switch {
	case source && target && sameFile(from, to): // a move in two steps was cut between them
		if err := os.Remove(from); err != nil {
			return err
		}
	case source && target:
		return tenant.Errorf(tenant.CodeConflict, "the place that the organization's data goes to is taken")
	case source:
		if err := t.transfer(from, to, settle); err != nil {
			return err
		}
	case !target:
		return absent(from, nil)
	}
	return errors.Join(syncDir(filepath.Dir(to)), syncDir(filepath.Dir(from)))
}

func (t *places) transfer(from, to string, settle func() error) error {
	if err := settle(); err != nil {
		return err
	}
	if err := t.reach("move: settled"); err != nil {
		return err
	}
	if err := unattended(to); err != nil {
		return err
	}
	if err := moveFile(from, to); err != nil {
		return err
	}
	return t.reach("move: moved")
}

// settle brings everything that is in the log into the file itself and makes sure that no log remains beside it. look, if
// given, may refuse after a look at the content.
func (t *places) settle(path string, org tenant.OrgID, look func(*session) error) error {
	f, err := t.files.openAt(path, org, 1)
	if err != nil {
		return err
	}
	s, err := f.session(false)
	if err == nil {
		err = checkpoint(s)
		if err == nil && look != nil {
			err = look(s)
		}
		err = errors.Join(err, s.close())
	}
	if err := errors.Join(err, f.close()); err != nil {
		return err
	}
	return unattended(path)
}

// settleDamaged is settle for a file on its way to the trash: one that is damaged goes there as it is, if no log lies
// beside it, so that an organization can be deleted whose file is lost.
func (t *places) settleDamaged(path string, org tenant.OrgID) error {
	err := t.settle(path, org, nil)
	if damaged(err) {
		return unattended(path)
	}
	return err
}

// checkpoint empties the log, or fails if somebody else uses the file.
func checkpoint(s *session) error {
	var busy, frames, moved int
	if err := s.get(`PRAGMA wal_checkpoint(TRUNCATE)`, nil, &busy, &frames, &moved); err != nil {
		return err
	}
	if busy != 0 {
		return tenant.Errorf(tenant.CodeUnavailable, "the organization's file is in use by another program; end it and try again")
	}
	return nil
}

// Sweep implements store.Places. A namespace is but a name here: files carry the organization's id, and nothing that was sent to
// one can reach another.
func (t places) Sweep(ctx context.Context, _ string, _ tenant.Place, _ tenant.OperationID) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, overdue(err)
	}
	return false, nil
}

// Drop implements store.Places.
func (t *places) Drop(ctx context.Context, org tenant.OrgID, op tenant.OperationID) error {
	grave, err := t.files.grave(org, op)
	if err != nil {
		return nil //nolint:nilerr // nothing there is no error
	}
	return t.pool.exclusive(ctx, org, func() error { return translate(remove(grave)) })
}

// remove removes a file that nobody uses and that has no log, for good.
func remove(path string) error {
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// Discard implements store.Places.
func (t *places) Discard(ctx context.Context, place tenant.Place) error {
	home, err := t.files.home(place.Org)
	if err != nil {
		return nil //nolint:nilerr // nothing there is no error
	}
	return t.pool.exclusive(ctx, place.Org, func() error { return translate(t.discard(place.Org, home)) })
}

func (t *places) discard(org tenant.OrgID, home string) error {
	if there, err := exists(home); err != nil || !there {
		return errors.Join(err, syncDir(filepath.Dir(home)))
	}
	err := t.settle(home, org, func(s *session) error {
		if u, err := usage(s); err != nil || u.Documents > 0 {
			return errors.Join(err, tenant.Errorf(tenant.CodeConflict, "the organization has documents already"))
		}
		return nil
	})
	if err != nil {
		return err
	}
	return remove(home)
}

var _ store.Places = (*places)(nil)
