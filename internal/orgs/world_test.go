package orgs_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
)

const (
	goodPassword  = "correct horse battery staple"
	otherPassword = "completely different staple"
)

var policy = access.Policy{SignupOpen: true, LookupPublic: true}

func TestMain(m *testing.M) { os.Exit(teststores.Each(m).Run()) }

// open opens a fresh store.
func open(t *testing.T) store.Store {
	t.Helper()
	return teststores.Open(t, teststores.Options{Now: time.Now})
}

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// server is one run of one process over a store.
type server struct {
	t     *testing.T
	id    tenant.InstanceID
	store store.Store
	orgs  *orgs.Service
	docs  *documents.Service
	gates *placement.Gates
	dir   *placement.Directory
}

type option func(*orgs.Deps)

func retention(d time.Duration) option { return func(deps *orgs.Deps) { deps.Limits.Retention = d } }

// start runs a server over the store. It registers with the store that backs it, as serve does before its first read.
func start(t *testing.T, s store.Store, options ...option) *server {
	t.Helper()
	limits, checks := checking(t, s)
	id := tenant.InstanceID(tenant.NewID())
	if err := s.Instances.Register(t.Context(), tenant.Instance{ID: id, StartedAt: time.Now()}); err != nil {
		t.Fatalf("register: %v", err)
	}
	guard := access.NewGuard(policy, time.Now)
	dir := placement.NewDirectory(s.Orgs, time.Now)
	gates := placement.NewGates(dir, s.Instances, id)
	deps := orgs.Deps{
		Orgs: s.Orgs, Users: s.Users, Places: s.Places, Documents: s.Documents, Audit: s.Audit, Instances: s.Instances, Health: s.Health,
		Guard: guard, Directory: dir, Gates: gates, Throttle: limits,
		Credentials: checks,
		Limits: orgs.Limits{
			Retention: time.Hour, Lease: 5 * time.Second, Placement: tenant.Placement{Level: tenant.LevelCollection},
		},
		Now: time.Now, Log: quiet(),
	}
	for _, o := range options {
		o(&deps)
	}
	docs := documents.New(documents.Deps{Documents: s.Documents, Gates: gates, Guard: guard, Now: time.Now, Log: quiet()})
	return &server{t: t, id: id, store: s, orgs: orgs.New(deps), docs: docs, gates: gates, dir: dir}
}

// checking is how a server checks passwords, at the lowest cost that there is and however often somebody tries.
func checking(t *testing.T, s store.Store) (*throttle.Throttle, *credentials.Credentials) {
	t.Helper()
	pool, err := passwords.New(passwords.Options{Cost: 4, Workers: 1, Queue: 256})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(pool.Close)
	mac := func(label string, parts ...string) string {
		for _, p := range parts {
			label += "/" + p
		}
		return label[:min(len(label), 60)]
	}
	limits := throttle.New(throttle.Options{Store: s.Throttle, MAC: mac, Now: time.Now, Off: true})
	return limits, credentials.New(credentials.Options{
		Pool: pool, Policy: passwords.Policy{Min: 8, CheckCommon: true}, Throttle: limits, Log: quiet(),
	})
}

// succeed starts the server that comes after s was killed: nothing of s's memory is left, and s is off the list.
func (s *server) succeed(on store.Store, options ...option) *server {
	s.t.Helper()
	if err := on.Instances.Remove(s.t.Context(), s.id); err != nil {
		s.t.Fatalf("remove the dead instance: %v", err)
	}
	next := start(s.t, on, options...)
	if err := next.orgs.Recover(s.t.Context()); err != nil {
		s.t.Fatalf("recover: %v", err)
	}
	return next
}

// create makes an organization that the story needs.
func (s *server) create(name, email string) tenant.Organization {
	s.t.Helper()
	org, err := s.orgs.Create(s.t.Context(), access.Caller{}, orgs.NewOrganization{Name: name, Email: email, Password: goodPassword})
	if err != nil {
		s.t.Fatalf("create %s: %v", name, err)
	}
	return org
}

// write adds a document that the story needs.
func (s *server) write(org tenant.Organization, data string) tenant.Document {
	s.t.Helper()
	doc, err := s.docs.Create(s.t.Context(), owner(org), org.ID, tenant.Data(data), documents.IDs{})
	if err != nil {
		s.t.Fatalf("write to %s: %v", org.Name, err)
	}
	return doc
}

// owner is the first owner, who has just entered the password.
func owner(org tenant.Organization) access.Caller {
	return access.Caller{
		Kind: tenant.ActorMember, User: org.Owners[0], Org: org.ID, Role: tenant.RoleOwner,
		Session: "s", AuthTime: time.Now(),
	}
}

func operator() access.Caller { return access.Caller{Kind: tenant.ActorOperator, Operator: "o"} }

// entries returns the actions in the organization's audit log.
func entries(ctx context.Context, t *testing.T, s store.Store, org tenant.OrgID) []string {
	t.Helper()
	page, err := s.Audit.List(ctx, org, 0, 1000)
	if err != nil {
		t.Fatalf("audit: %v", err)
	}
	actions := make([]string, len(page))
	for i, e := range page {
		actions[i] = e.Action
	}
	return actions
}

//go:fix inline

func wantCode(t *testing.T, err error, want tenant.Code, doing string) {
	t.Helper()
	if got := tenant.CodeOf(err); got != want {
		t.Errorf("%s: code %q, want %q (%v)", doing, got, want, err)
	}
}

func asError(t *testing.T, err error) *tenant.Error {
	t.Helper()
	var e *tenant.Error
	if !errors.As(err, &e) {
		t.Errorf("%v is no error of the vocabulary", err)
		return nil
	}
	return e
}
