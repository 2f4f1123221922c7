package sqlite

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// manifestName is the file of a backup that says what is in it.
const manifestName = "manifest.json"

// manifestFormat is the version of the backup's own shape. Those before it had no checksums.
const manifestFormat = 2

// manifest says what a backup holds. Each tenant's file is consistent at its own moment.
type manifest struct {
	Format        int             `json:"format"`
	CatalogLayout int             `json:"catalog_layout"`
	TenantLayout  int             `json:"tenant_layout"`
	StartedAt     time.Time       `json:"started_at"`
	CatalogAt     time.Time       `json:"catalog_at"`
	CatalogSHA256 string          `json:"catalog_sha256"`
	Organizations int             `json:"organizations"`
	Files         []manifestEntry `json:"files"`
}

// manifestEntry is one tenant's file.
type manifestEntry struct {
	Organization tenant.OrgID `json:"organization"`
	File         string       `json:"file"`
	CopiedAt     time.Time    `json:"copied_at"`
	Bytes        int64        `json:"bytes"`
	SHA256       string       `json:"sha256,omitempty"`
	// Damaged says that the file was damaged before it was copied.
	Damaged bool `json:"damaged,omitempty"`
	// Missing says that there was no file to copy, though the organization should have one.
	Missing bool `json:"missing,omitempty"`
}

// writeManifest says what is in the backup.
func (b *backup) writeManifest() (err error) {
	for _, e := range b.copied {
		b.manifest.Files = append(b.manifest.Files, e)
	}
	if _, b.manifest.CatalogSHA256, err = checksum(filepath.Join(b.dir, catalogName)); err != nil {
		return err
	}
	slices.SortFunc(b.manifest.Files, func(x, y manifestEntry) int { return strings.Compare(string(x.Organization), string(y.Organization)) })
	raw, err := json.MarshalIndent(b.manifest, "", "  ")
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(b.dir, manifestName), append(raw, '\n'))
}

// readManifest reads what a backup holds, and refuses one that this orgd does not understand.
func readManifest(dir string) (m manifest, err error) {
	raw, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		return m, refuse(err, "the folder %s holds no complete backup", dir)
	}
	if err := json.Unmarshal(raw, &m); err != nil {
		return m, refuse(err, "the backup's %s in %s is damaged", manifestName, dir)
	}
	if m.Format < manifestFormat {
		return m, refuse(nil, "the backup in %s was made by an older orgd, without checksums; restore it with that version", dir)
	}
	if m.Format > manifestFormat || m.CatalogLayout > catalogLayout.newest || m.TenantLayout > tenantLayout.newest {
		return m, refuse(nil, "the backup in %s was made by a newer orgd; restore it with that version", dir)
	}
	for _, f := range m.Files {
		if !plainFile(f.File) {
			return m, refuse(fmt.Errorf("file %q", f.File), "the backup's %s in %s names a file that no backup has", manifestName, dir)
		}
	}
	return m, nil
}

// plainFile reports whether a name in a manifest is that of a tenant's file, and leads nowhere else.
func plainFile(name string) bool {
	folder, base := filepath.Split(filepath.FromSlash(name))
	org, op := owner(base)
	switch filepath.Clean(folder) {
	case tenantsFolder:
		return base == string(org)+".db" && plainID.MatchString(string(org))
	case trashFolder:
		return base == string(org)+"_"+string(op)+".db" && plainID.MatchString(string(org)) && plainID.MatchString(string(op))
	default:
		return false
	}
}
