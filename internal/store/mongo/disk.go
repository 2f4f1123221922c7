package mongo

import (
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// fullTime is how long a write that found no room speaks for the disk: nothing tells that there is room again, and small
// writes find some where large ones do not.
const fullTime = 5 * time.Second

// disk remembers that the database server had no room for a write, so that a server says so before it is asked to write.
type disk struct {
	now func() time.Time

	mu   sync.Mutex
	full time.Time
	why  error
}

// heed looks at what became of a write.
func (d *disk) heed(err error) {
	if !hasCode(err, codeOutOfDiskSpace) {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.full, d.why = d.now(), err
}

// check returns CodeStorageFull if a write found no room a moment ago.
func (d *disk) check() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if age := d.now().Sub(d.full); age < 0 || age >= fullTime {
		return nil
	}
	return tenant.Wrap(tenant.CodeStorageFull, d.why, "the database server's disk is full; reads and deletions still work")
}
