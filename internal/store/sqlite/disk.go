package sqlite

import (
	"fmt"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// freeSpace returns how many bytes of a folder's disk may be written still, and how many it has.
type freeSpace func(dir string) (free, total uint64, err error)

// disk tells whether the disk is nearly full. It looks at most once a second: each insert asks.
type disk struct {
	dir      string
	minRatio float64
	space    freeSpace
	now      func() time.Time

	mu   sync.Mutex
	seen time.Time
	last error
}

// deletable is how much must be free at least for deletions to work: they are written to the log first.
const deletable = 64 << 10

// check returns CodeStorageFull below the threshold, and says what still works. A disk that cannot be asked counts as one
// with room: the write itself will tell.
func (d *disk) check() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	now := d.now()
	if age := now.Sub(d.seen); age >= 0 && age < time.Second {
		return d.last
	}
	d.seen, d.last = now, nil
	free, total, err := d.space(d.dir)
	if err == nil && total > 0 && float64(free) < d.minRatio*float64(total) {
		cause := fmt.Errorf("%d of %d bytes are free", free, total)
		d.last = tenant.Wrap(tenant.CodeStorageFull, cause, "the disk is nearly full; reads and deletions still work")
		if free < deletable {
			d.last = diskFull(cause)
		}
	}
	return d.last
}
