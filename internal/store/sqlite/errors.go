package sqlite

import (
	"context"
	"database/sql"
	"errors"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"

	"github.com/orgd/orgd/internal/tenant"
)

// errLost says that a compare-and-swap found another version; the update begins anew.
var errLost = errors.New("the row changed meanwhile")

// errStranger says that a tenant's file holds another organization's data than its name says.
var errStranger = errors.New("the file belongs to another organization")

// errNothing ends a transaction that was begun to see whether it can be.
var errNothing = errors.New("nothing to write")

// isNothing reports errNothing.
func isNothing(err error) bool { return errors.Is(err, errNothing) }

// errClosed says that the store was closed.
var errClosed = tenant.Errorf(tenant.CodeUnavailable, "the server is shutting down")

// translate turns a failure of the driver into a *tenant.Error, by its result code and never by its text. What is one
// already (a *store.ClaimError wraps one), or errLost, passes as it is.
func translate(err error) error {
	_, mine := errors.AsType[*tenant.Error](err)
	if err == nil || mine || errors.Is(err, errLost) || isNothing(err) {
		return err
	}
	switch code := resultCode(err); code & 0xff {
	case lib.SQLITE_FULL:
		return diskFull(err)
	case lib.SQLITE_BUSY, lib.SQLITE_LOCKED:
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database file is in use by another program; try again in a moment")
	case lib.SQLITE_CORRUPT, lib.SQLITE_NOTADB:
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database file is damaged; an operator must restore it from a backup")
	default:
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database file cannot be read or written")
	}
}

// diskFull is the error about a write that found no room. Deletions need some as well: for the log, before anything is freed.
func diskFull(cause error) error {
	return tenant.Wrap(tenant.CodeStorageFull, cause,
		"the disk is full: nothing can be written, and nothing deleted, until space is made on it; reads still work")
}

// commitFailed judges a COMMIT that did not succeed. After an I/O error the log may hold the whole transaction all the
// same, and a crash right now would bring it to life: nobody can say whether it took effect.
func commitFailed(err error) error {
	if resultCode(err)&0xff == lib.SQLITE_IOERR {
		return tenant.Wrap(tenant.CodeUnknownOutcome, err, "the disk failed while the write was being committed; it may have taken effect")
	}
	return err
}

// broken reports whether the session that met err should not be used any more: the transaction may be gone with it.
func broken(err error) bool {
	code := resultCode(err)
	return code >= 0 && code&0xff != lib.SQLITE_CONSTRAINT
}

// damaged reports a file that is corrupt or no database at all.
func damaged(err error) bool {
	code := resultCode(err) & 0xff
	return code == lib.SQLITE_CORRUPT || code == lib.SQLITE_NOTADB
}

// resultCode returns SQLite's extended result code, -1 for an error that is not from SQLite.
func resultCode(err error) int {
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()
	}
	return -1
}

// isTaken reports a violated primary or unique key.
func isTaken(err error) bool {
	switch resultCode(err) {
	case lib.SQLITE_CONSTRAINT_PRIMARYKEY, lib.SQLITE_CONSTRAINT_UNIQUE, lib.SQLITE_CONSTRAINT_ROWID:
		return true
	default:
		return false
	}
}

// missing turns the answer without a row into CodeNotFound for a thing of that name.
func missing(err error, what string) error {
	if errors.Is(err, sql.ErrNoRows) {
		return tenant.Errorf(tenant.CodeNotFound, "there is no such %s", what)
	}
	return err
}

// idTaken turns a violated primary key into CodeIDTaken for a thing of that name.
func idTaken(err error, what string) error {
	if isTaken(err) {
		return tenant.Errorf(tenant.CodeIDTaken, "another %s has this id", what)
	}
	return err
}

// overdue is the error of a context that ended before anything happened.
func overdue(cause error) error {
	message := "the time for this request is over"
	if errors.Is(cause, context.Canceled) {
		message = "the request was given up"
	}
	return tenant.Wrap(tenant.CodeUnavailable, cause, message)
}
