package sqlite

import (
	"log/slog"
	"time"
)

// DefaultMinFreeRatio is the share of the disk that stays free for deletions and for the logs of what is under way.
const DefaultMinFreeRatio = 0.05

// Options say where the data lies and how to keep it.
type Options struct {
	// Dir is the data folder. It is made if it is missing, and must be nobody else's to read.
	Dir string
	// Log gets what an operator should know. Nil discards it.
	Log *slog.Logger
	// Now is the clock; nil is time.Now.
	Now func() time.Time
	// MaxOpenFiles bounds the tenants' files that are open at once. Zero takes what the process's limit of open files allows,
	// up to 256.
	MaxOpenFiles int
	// MinFreeRatio is the share of the disk below which nothing new is stored; zero is [DefaultMinFreeRatio].
	MinFreeRatio float64

	space freeSpace        // nil asks the system
	tick  <-chan time.Time // nil is each second
}

// withDefaults fills in what the caller left out.
func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.MinFreeRatio == 0 {
		o.MinFreeRatio = DefaultMinFreeRatio
	}
	if o.space == nil {
		o.space = diskSpace
	}
	return o
}

const (
	// descriptorsPerTenant is what one tenant's file costs: each connection has the file and its log open, all share one index
	// of the log.
	descriptorsPerTenant = 2*(readersPerTenant+1) + 1
	// descriptorsApart is what is left for the catalog, sockets and whatever else the process opens.
	descriptorsApart = 256
	// maxTenantFiles is where more open files cost more than they bring: each takes half a megabyte and up, and opening one a
	// millisecond.
	maxTenantFiles = 256
	// minTenantFiles is what a server needs to be of use.
	minTenantFiles = 8
)

// bound returns how many tenants' files may be open at once, within the process's limit.
func (o Options) bound() (int, error) {
	limit, limited := fileLimit()
	room := maxTenantFiles
	if limited && limit < descriptorsApart+descriptorsPerTenant*maxTenantFiles {
		room = (int(limit) - descriptorsApart) / descriptorsPerTenant
	}
	switch {
	case o.MaxOpenFiles == 0 && room < minTenantFiles:
		return 0, refuse(nil, "the limit of open files is %d; raise it to %d or more (ulimit -n)", limit,
			descriptorsApart+minTenantFiles*descriptorsPerTenant)
	case o.MaxOpenFiles == 0:
		return room, nil
	case limited && uint64(o.MaxOpenFiles)*descriptorsPerTenant+descriptorsApart > limit && o.MaxOpenFiles > minTenantFiles:
		return 0, refuse(nil, "%d open tenants need a limit of %d open files, and it is %d; raise it (ulimit -n), or keep fewer open",
			o.MaxOpenFiles, o.MaxOpenFiles*descriptorsPerTenant+descriptorsApart, limit)
	default:
		return o.MaxOpenFiles, nil
	}
}
