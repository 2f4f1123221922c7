package migration_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/migration"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(teststores.Each(m)) }

const password = "correct horse battery staple"

// keyFile is the content of ORGD_KEY_FILE.
var keyFile = bytes.Repeat([]byte{7}, 32)

var guard = access.NewGuard(access.Policy{SignupOpen: true, LookupPublic: true}, time.Now)

// world is two stores between which an installation is moved: one that lies in a folder, and the other one of the run.
type world struct {
	t              *testing.T
	source, target migration.Side
	back           bool // the folder is the target
	options        migration.Options
	mu             sync.Mutex
	warnings       []string
}

// newWorld opens the stores: the folder is the source, or the target if back.
func newWorld(t *testing.T, back bool) *world {
	t.Helper()
	w := &world{t: t, back: back}
	folder := migration.Side{Store: teststores.SQLite.Open(t, teststores.Options{}), Name: "sqlite:/folder"}
	other := migration.Side{Store: teststores.Open(t, teststores.Options{}), Name: "store:other"}
	w.source, w.target = folder, other
	if back {
		w.source, w.target = other, folder
	}
	w.options = migration.Options{
		Guard: guard, Parallel: 4, Silence: 400 * time.Millisecond, Now: time.Now,
		Reseal: func(k tenant.Key) (tenant.Key, error) { return tokens.Reseal(k, keyFile) },
		Warn: func(line string) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.warnings = append(w.warnings, line)
		},
	}
	return w
}

// bothWays runs a story from the folder to the other store of the run, and back.
func bothWays(t *testing.T, story func(t *testing.T, w *world)) {
	t.Helper()
	for name, back := range map[string]bool{"there": false, "back": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			story(t, newWorld(t, back))
		})
	}
}

func (w *world) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

// move moves the installation, which must succeed.
func (w *world) move() migration.Report {
	w.t.Helper()
	report, err := w.try()
	w.must(err)
	return report
}

func (w *world) try() (migration.Report, error) {
	return migration.Run(w.t.Context(), console, w.source, w.target, w.options)
}

// standings are those of the two stores.
func (w *world) standings() (from, to tenant.Standing) {
	w.t.Helper()
	ctx := context.WithoutCancel(w.t.Context())
	from, err := w.source.Transfer.Standing.Get(ctx)
	w.must(err)
	to, err = w.target.Transfer.Standing.Get(ctx)
	w.must(err)
	return from, to
}

// wantRefusal wants an attempt that fails with one line that says all of the words, and leaves the source in use.
func (w *world) wantRefusal(words ...string) {
	w.t.Helper()
	_, err := w.try()
	if err == nil {
		w.t.Fatal("the move is not refused")
	}
	for _, word := range words {
		if !strings.Contains(err.Error(), word) {
			w.t.Errorf("the refusal does not say %q: %v", word, err)
		}
	}
}

// server is one run of a server over a store.
type server struct {
	t     *testing.T
	store store.Store
	authn *authn.Service
	orgs  *orgs.Service
	docs  *documents.Service
}

// serve starts a server over a store, as cmd/orgd does.
func (w *world) serve(s store.Store) *server {
	t := w.t
	t.Helper()
	pool, err := passwords.New(passwords.Options{Cost: passwords.MinCost})
	w.must(err)
	t.Cleanup(pool.Close)
	keyring, err := tokens.NewKeyring(tokens.Options{Keys: s.Keys, KeyFile: keyFile, TokenTTL: time.Hour, Now: time.Now})
	w.must(err)
	installation, err := s.Installation.Found(t.Context(), tenant.Installation{ID: tenant.NewID(), Issuer: "https://" + tenant.NewID(), CreatedAt: tenant.Millis(time.Now())})
	w.must(err)
	attempts := throttle.New(throttle.Options{Store: s.Throttle, MAC: keyring.MAC, Now: time.Now, Off: true})
	log := slog.New(slog.DiscardHandler)
	secrets := credentials.New(credentials.Options{Pool: pool, Policy: passwords.Policy{Min: 8}, Throttle: attempts, Log: log})
	directory := placement.NewDirectory(s.Orgs, time.Now)
	gates := placement.NewGates(directory, s.Instances, "")
	v := &server{t: t, store: s}
	v.authn = authn.New(authn.Deps{
		Users: s.Users, Operators: s.Operators, Sessions: s.Sessions, Orgs: directory, Guard: guard, Keyring: keyring,
		Minter: tokens.NewMinter(keyring, installation.Issuer), Credentials: secrets, Throttle: attempts, Now: time.Now,
		TokenTTL: time.Hour, Log: log,
	})
	v.orgs = orgs.New(orgs.Deps{
		Orgs: s.Orgs, Users: s.Users, Places: s.Places, Documents: s.Documents, Audit: s.Audit, Instances: s.Instances, Health: s.Health,
		Guard: guard, Directory: directory, Gates: gates, Credentials: secrets, Throttle: attempts,
		Limits: orgs.Limits{Retention: time.Hour, Lease: 5 * time.Second, Placement: tenant.Placement{Level: tenant.LevelCollection}},
		Now:    time.Now, Log: log,
	})
	v.docs = documents.New(documents.Deps{Documents: s.Documents, Gates: gates, Guard: guard, Now: time.Now, Log: log})
	w.must(v.authn.LoadKeys(t.Context()))
	return v
}

func (v *server) must(err error) {
	v.t.Helper()
	if err != nil {
		v.t.Fatal(err)
	}
}

// email is the address of the owner of an organization.
func email(name string) string {
	return strings.ReplaceAll(strings.ToLower(name), " ", ".") + "@example.com"
}

// create makes an organization with n documents.
func (v *server) create(name string, n int) tenant.Organization {
	v.t.Helper()
	org, err := v.orgs.Create(v.t.Context(), access.Caller{}, orgs.NewOrganization{Name: name, Email: email(name), Password: password})
	v.must(err)
	v.fill(org, n)
	return org
}

// fill writes n documents, of all sorts of values.
func (v *server) fill(org tenant.Organization, n int) {
	v.t.Helper()
	var docs []tenant.Document
	for i := range n {
		docs = append(docs, document(i))
	}
	place := tenant.Place{Org: org.ID, Placement: org.Placement}
	for len(docs) > 0 {
		some := docs[:min(len(docs), 1000)]
		v.must(v.store.Transfer.Homes.Load(v.t.Context(), place, some))
		docs = docs[len(some):]
	}
}

var noon = time.Date(2026, 3, 4, 12, 0, 0, 123e6, time.UTC)

// document is the i-th of an organization.
func document(i int) tenant.Document {
	return tenant.Document{
		ID: tenant.DocumentID(fmt.Sprintf("d%06d", i)), Version: int64(1 + i%3), WriteID: fmt.Sprintf("w%d", i),
		CreatedAt: noon, UpdatedAt: noon.Add(time.Duration(i) * time.Second),
		Data: tenant.Data(fmt.Sprintf(`{"z":%d,"a":{"f":%d.5,"e":1e+300,"big":9007199254740993},"list":[true,null,"Grüße 日本 \"q\"",[],{}]}`, i, i)),
	}
}

// token signs the owner of an organization in.
func (v *server) token(name string) string {
	v.t.Helper()
	login, err := v.authn.Login(v.t.Context(), access.Caller{}, authn.LoginRequest{Email: email(name), Password: password})
	v.must(err)
	return login.AccessToken
}

// caller is who bears the token.
func (v *server) caller(token string) access.Caller {
	v.t.Helper()
	caller, err := v.authn.Authenticate(v.t.Context(), token, access.Caller{}, true)
	v.must(err)
	return caller
}

// entries are the log of an organization, whose chain must hold.
func (v *server) entries(org tenant.OrgID) (actions []string) {
	v.t.Helper()
	list, err := v.store.Audit.List(v.t.Context(), org, 0, 1000)
	v.must(err)
	previous := ""
	for i, e := range list {
		if e.Seq != int64(i+1) || e.PrevHash != previous {
			v.t.Errorf("the chain of %q breaks at entry %d: %+v", org, i+1, e)
		}
		previous = e.Hash()
		actions = append(actions, e.Action)
	}
	return actions
}

// wantDocuments wants an organization's documents as they were written.
func (v *server) wantDocuments(org tenant.Organization, n int) {
	v.t.Helper()
	var got, want tenant.DocumentsDigest
	var after tenant.DocumentID
	for {
		page, err := v.store.Documents.List(v.t.Context(), org.Place().In(tenant.DefaultCollection), after, 1000)
		v.must(err)
		if len(page) == 0 {
			break
		}
		for _, d := range page {
			v.must(got.Add(&d))
		}
		after = page[len(page)-1].ID
	}
	for i := range n {
		d := document(i)
		v.must(want.Add(&d))
	}
	if !got.Equal(&want) {
		v.t.Errorf("%s has %d documents with %d bytes, want %d with %d, or they differ", org.Name, got.Documents, got.Bytes, want.Documents, want.Bytes)
	}
}

var noIDs documents.IDs

// keysOf are the keys on the target.
func keysOf(t *testing.T, w *world) []tenant.Key {
	t.Helper()
	keys, err := w.target.Keys.List(t.Context())
	w.must(err)
	return keys
}
