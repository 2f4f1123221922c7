package sqlite

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/orgd/orgd/internal/tenant"
)

// Lack is an organization whose data a backup does not hold as it should: there was no file to copy, or a damaged one. All
// others are whole.
type Lack struct {
	Organization tenant.OrgID
	// File is where it lies, or belongs, under the data folder.
	File string
	// Missing says that there was no file. One that was damaged is in the backup as it was.
	Missing bool
}

// String is the sentence about it.
func (l Lack) String() string {
	if l.Missing {
		return fmt.Sprintf("organization %s: there is no file %s", l.Organization, l.File)
	}
	return fmt.Sprintf("organization %s: the file %s is damaged, and was copied as it is", l.Organization, l.File)
}

// lacks are what the backup lacks.
func (m *manifest) lacks() (list []Lack) {
	for _, f := range m.Files {
		if f.Missing || f.Damaged {
			list = append(list, Lack{Organization: f.Organization, File: f.File, Missing: f.Missing})
		}
	}
	return list
}

// errNoFile says that an organization that should have a file has none.
var errNoFile = errors.New("the organization has no file")

// unusable reports a tenant's file that holds nothing of the organization's that could be read, now or later.
func unusable(err error) bool {
	return damaged(err) || errors.Is(err, errUnsound) || errors.Is(err, errForeign) || errors.Is(err, errStranger)
}

// note keeps what was copied. A damaged file must not make the whole backup one that cannot be restored, which would come to
// light when there is nothing else left: the log and the caller are told of it now, and the manifest tells it later.
func (b *backup) note(e manifestEntry) error {
	err := tenantFiles{dir: b.dir, log: discard}.examine(filepath.Join(b.dir, e.File), e.Organization)
	if e.Damaged = unusable(err); e.Damaged {
		b.db.log.Error("an organization's file is damaged, and so is its copy in the backup; it needs an older one",
			"organization", e.Organization, "error", err)
		err = nil
	}
	if err == nil {
		e.Bytes, e.SHA256, err = checksum(filepath.Join(b.dir, e.File)) // after the look, which may bring it to the newest layout
	}
	b.copied[e.Organization] = e
	return err
}

// miss keeps that there is nothing to copy.
func (b *backup) miss(e manifestEntry) {
	e.Missing = true
	b.db.log.Error("an organization's file is missing, and so it is in the backup; it needs an older one",
		"organization", e.Organization, "file", e.File)
	b.copied[e.Organization] = e
}

// blocked names the file that keeps the backup from going on.
func blocked(e manifestEntry, err error) error {
	return fmt.Errorf("the file %s of organization %s cannot be copied: see that it can be read and that there is room, or move it away, and the backup does without it: %w",
		e.File, e.Organization, translate(err))
}
