// Package orgs owns the life of an organization: create, adopt, rename, delete, restore and purge, and the recovery of each
// after a crash. The doors (internal/httpapi, commands) call it.
//
// The invariant: an organization that is not at rest has its whole intent recorded in its own document, so whoever finds it
// can finish it, and nobody ever sees it half done. An act leaves exactly one audit entry: the one that was fixed when the
// operation was recorded, written by the operation's last step. See operation.go for the steps.
package orgs

import (
	"log/slog"
	"sync"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

// Limits of an installation.
type Limits struct {
	// MaxOrganizations is how many there may be outside the trash; zero is no limit. Creations that run at the same time may
	// exceed it by their number.
	MaxOrganizations int64
	// Retention is how long a deleted organization can be restored; zero purges at once.
	Retention time.Duration
	// Lease is how long an operation may run, five seconds at least, and so how long others leave that of a command alone.
	Lease time.Duration
	// Quarantine is how long the physical names of an operation that ended unclean stay claimed; zero where nothing that was sent
	// earlier can arrive: a store that one process has for itself. NameQuarantine is how long every physical name that an
	// organization leaves does, for applications that write to MongoDB themselves.
	Quarantine     time.Duration
	NameQuarantine time.Duration
	// Placement is where new organizations go.
	Placement tenant.Placement
}

// Deps are what the service works with; all fields are needed.
type Deps struct {
	Orgs        store.Orgs
	Users       store.Users
	Places      store.Places
	Documents   store.Documents
	Audit       store.Audit
	Instances   store.Instances
	Health      store.Health
	Guard       *access.Guard
	Directory   *placement.Directory
	Gates       *placement.Gates
	Credentials *credentials.Credentials
	Throttle    *throttle.Throttle
	Limits      Limits
	Now         func() time.Time
	Log         *slog.Logger
}

// Service carries out the operations. It is safe for concurrent use.
type Service struct {
	Deps
	plans map[tenant.OperationKind]plan
	line  line
	mu    sync.Mutex
	// running are the owner tokens of the operations that a goroutine of this process works on.
	running map[string]bool
	// adrift are organizations whose operation this process began and could not end: a store call failed.
	adrift map[tenant.OrgID]bool
	wake   chan struct{}
}

// New makes the service. Call [Service.Recover] before serving.
func New(deps Deps) *Service {
	s := &Service{
		Deps:    deps,
		line:    line{slugs: map[tenant.Slug]*place{}},
		running: map[string]bool{},
		adrift:  map[tenant.OrgID]bool{},
		wake:    make(chan struct{}, 1),
	}
	s.plans = map[tenant.OperationKind]plan{
		tenant.OperationCreate:  s.creation(),
		tenant.OperationUpdate:  s.rename(),
		tenant.OperationDelete:  s.deletion(),
		tenant.OperationRestore: s.restoration(),
		tenant.OperationPurge:   s.purge(),
		tenant.OperationAdopt:   s.adoption(),
		tenant.OperationSettle:  s.settling(),
	}
	return s
}

func (s *Service) millis() time.Time { return tenant.Millis(s.Now()) }

// passwordContext is what a password may not consist of.
func passwordContext(name tenant.Name, email tenant.Email) passwords.Context {
	return passwords.Context{Product: "orgd", OrganizationName: string(name), EmailLocalPart: email.LocalPart()}
}
