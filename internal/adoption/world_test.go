package adoption_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/adoption"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// hash is bcrypt in form; nobody compares it here.
var hash = "$2b$12$" + strings.Repeat("a", 53)

// world is another service's database, and what orgd has.
type world struct {
	orgs        []store.ForeignOrg
	users       []store.ForeignUser
	collections map[string]store.ForeignCollection
	homes       []store.ForeignHome
	taken       map[tenant.Claim]string
	// broken fails one of the calls, by its number.
	broken int
	calls  int
}

var errBroken = errors.New("the database is away")

func (w *world) call() error {
	if w.calls++; w.calls == w.broken {
		return errBroken
	}
	return nil
}

func (w *world) Organizations(_ context.Context, fn func(store.ForeignOrg) error) error {
	for _, org := range w.orgs {
		if err := fn(org); err != nil {
			return err
		}
	}
	return w.call()
}

func (w *world) Users(_ context.Context, fn func(store.ForeignUser) error) error {
	for _, user := range w.users {
		if err := fn(user); err != nil {
			return err
		}
	}
	return w.call()
}

func (w *world) Collections(context.Context) (map[string]store.ForeignCollection, error) {
	return w.collections, w.call()
}

func (w *world) Homes(context.Context) ([]store.ForeignHome, error) { return w.homes, w.call() }

func (w *world) Taken(_ context.Context, claims []tenant.Claim) (map[tenant.Claim]string, error) {
	found := map[tenant.Claim]string{}
	for _, claim := range claims {
		if holder, ok := w.taken[claim]; ok {
			found[claim] = holder
		}
	}
	return found, w.call()
}

// newWorld has one organization, Acme, with nothing wrong about it.
func newWorld() *world {
	w := &world{collections: map[string]store.ForeignCollection{}, taken: map[tenant.Claim]string{}}
	w.org("acme", "Acme")
	return w
}

// org adds an organization with its collection, and its admin of the id u-<id>.
func (w *world) org(id, name string) *store.ForeignOrg {
	w.orgs = append(w.orgs, store.ForeignOrg{Key: "string " + id, IDs: []string{id}, Name: name, Collection: "org_" + id, Admins: []string{"u-" + id}})
	w.user("u-"+id, id+"@example.com")
	w.collection("org_" + id)
	return &w.orgs[len(w.orgs)-1]
}

func (w *world) collection(name string) {
	w.collections[name] = store.ForeignCollection{Kind: "collection", UUID: []byte("of " + name)}
}

func (w *world) user(id, email string) *store.ForeignUser {
	w.users = append(w.users, store.ForeignUser{IDs: []string{id}, Email: email, Hash: hash})
	return &w.users[len(w.users)-1]
}

var options = adoption.Options{Database: "app", Own: "orgd", Organizations: "organizations", Users: "users"}

// judge returns the verdicts by id.
func (w *world) judge(t *testing.T) (map[string]*adoption.Verdict, *adoption.Plan) {
	t.Helper()
	plan, err := adoption.Judge(t.Context(), w, options)
	if err != nil {
		t.Fatal(err)
	}
	verdicts := map[string]*adoption.Verdict{}
	for _, v := range plan.Verdicts {
		verdicts[v.ID] = v
	}
	return verdicts, plan
}
