package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"regexp"
	"sync"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// The folders of the tenants' files, under the data folder.
const (
	tenantsFolder = "tenants"
	trashFolder   = "trash"
)

// readersPerTenant is how many connections read one tenant's file at once, beside the one that writes. A warm read takes
// microseconds: two keep each other's waits short, more cost descriptors.
const readersPerTenant = 2

// plainID is what may become part of a file name: the form of ids, and nothing that a file system could take otherwise.
var plainID = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{0,63}$`)

// tenantFiles knows where tenants' files lie and what must be true of one before it is used.
type tenantFiles struct {
	dir string
	log *slog.Logger
}

// home returns the path of the tenant's file in use. An id that cannot be a file name has none.
func (t tenantFiles) home(org tenant.OrgID) (string, error) {
	if !plainID.MatchString(string(org)) {
		return "", tenant.Wrap(tenant.CodeNotFound, store.ErrNoPlace, "there is no such organization")
	}
	return filepath.Join(t.dir, tenantsFolder, string(org)+".db"), nil
}

// grave returns the path of the tenant's file after the operation moved it to the trash.
func (t tenantFiles) grave(org tenant.OrgID, op tenant.OperationID) (string, error) {
	if !plainID.MatchString(string(org)) || !plainID.MatchString(string(op)) {
		return "", tenant.Errorf(tenant.CodeNotFound, "there is no such organization in the trash")
	}
	return filepath.Join(t.dir, trashFolder, string(org)+"_"+string(op)+".db"), nil
}

// open opens the tenant's file for the pool.
func (t tenantFiles) open(org tenant.OrgID) (*file, error) {
	path, err := t.home(org)
	if err != nil {
		return nil, err
	}
	return t.openAt(path, org, readersPerTenant)
}

// openAt opens a file that must be there, must hold the organization's data, and is brought to the newest layout.
func (t tenantFiles) openAt(path string, org tenant.OrgID, readers int) (*file, error) {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, absent(path, nil)
	}
	if err != nil {
		return nil, absent(path, err)
	}
	if !info.Mode().IsRegular() || info.Size() < headerSize { // SQLite would begin a new database in an empty file
		return nil, translate(t.refuse(path, "", errForeign))
	}
	f, err := openFile(path, readers, t.log, func(s *session) error { return t.judge(s, path, org) })
	if err != nil {
		return nil, err
	}
	f.patience = tenantPatience
	s, err := f.session(true)
	if errors.Is(err, errOutdated) {
		if err = tenantLayout.apply(context.Background(), f.db); err == nil {
			s, err = f.session(true)
		}
	}
	if err != nil {
		return nil, errors.Join(translate(err), f.close())
	}
	f.room <- struct{}{}
	f.idle <- s
	return f, nil
}

// errOutdated says that a file needs the steps of a newer layout.
var errOutdated = errors.New("the file is of an older layout")

// judge refuses a session of a file that is not this organization's, or not of the newest layout.
func (t tenantFiles) judge(s *session, path string, org tenant.OrgID) error {
	outdated, err := tenantLayout.outdated(s)
	if err == nil && outdated {
		err = errOutdated
	}
	var owner string
	if err == nil {
		err = s.get(`SELECT organization FROM meta`, nil, &owner)
	}
	if err == nil && owner != string(org) {
		err = errStranger
	}
	return t.refuse(path, owner, err)
}

// refuse writes the log line about a file that is not what its name says, and returns err.
func (t tenantFiles) refuse(path, owner string, err error) error {
	if errors.Is(err, errStranger) || errors.Is(err, errForeign) || errors.Is(err, errNewer) {
		t.log.Error("a tenant's file is not what its name says", "path", path, "owner", owner, "error", err)
	}
	return err
}

// exists reports whether something has the name.
func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// absent is the error of a tenant's file that is not there, or cannot be looked for.
func absent(path string, err error) error {
	if err != nil {
		return translate(err)
	}
	return tenant.Wrap(tenant.CodeNotFound, fmt.Errorf("%w: %s", store.ErrNoPlace, path), "the organization's data is not there")
}

// press makes the bytes of new tenants' files. It keeps an empty one in memory, made by the same steps that older files go
// through, and writes an organization's id into a copy: that takes microseconds where running the steps on disk takes
// tens of milliseconds, and no half-made file ever meets SQLite.
type press struct {
	mu   sync.Mutex
	db   *sql.DB
	conn *sql.Conn
}

func newPress(ctx context.Context) (*press, error) {
	db, err := sql.Open("sqlite", ":memory:")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1) // each connection has a memory of its own
	if err := tenantLayout.apply(ctx, db); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return &press{db: db, conn: conn}, nil
}

// make returns the content of an organization's new file.
func (p *press) make(org tenant.OrgID) (content []byte, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if _, err := p.conn.ExecContext(context.Background(), `UPDATE meta SET organization = ?`, string(org)); err != nil {
		return nil, err
	}
	err = p.conn.Raw(func(driver any) error {
		image, ok := driver.(interface{ Serialize() ([]byte, error) })
		if !ok {
			return fmt.Errorf("the driver's connection is a %T", driver)
		}
		content, err = image.Serialize()
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(content) < headerSize {
		return nil, fmt.Errorf("the new file has %d bytes", len(content))
	}
	content[18], content[19] = 2, 2 // the file format's read and write version: WAL (sqlite.org/fileformat2.html, 1.3.3)
	return content, nil
}

func (p *press) close() error { return errors.Join(p.conn.Close(), p.db.Close()) }
