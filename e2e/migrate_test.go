package e2e

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/bench/bulk"
)

// The installation that is moved, beside the one organization that was made by requests.
const (
	manyTenants = 999
	documentsIn = 100 // each
)

// TestMoveIsKilled moves 1,000 organizations with 100,000 documents to MongoDB and kills that three times on the way; between two of
// the attempts the old store serves, and changes. In the end everything is there, the old store is retired, the new one takes the
// old token, and the way back works too.
func TestMoveIsKilled(t *testing.T) {
	t.Parallel()
	seed := number(t, "ORGD_KILL_SEED", time.Now().UnixNano())
	t.Logf("ORGD_KILL_SEED=%d", seed)
	m := newMoving(t, rand.New(rand.NewPCG(uint64(seed), 1)))
	for n := range 3 {
		m.kill(n)
		switch n {
		case 0:
			m.wantNotServed()
		case 1:
			m.changeMeanwhile()
		}
	}
	out := m.finish()
	wantContains(t, out, fmt.Sprintf("Moved %d organizations (0 of them in the trash), %d documents", manyTenants+1, (manyTenants+1)*documentsIn+1))
	m.wantRetired()
	m.wantEverything()
	m.goOn(m.to, documentsIn+1)
	m.goOn(m.back(), documentsIn+2)
}

// moving is an installation on its way.
type moving struct {
	t        *testing.T
	rng      *rand.Rand
	from, to *server
	acme     *owner
}

// newMoving fills a folder, lets a server make an organization there, and prepares a database.
func newMoving(t *testing.T, rng *rand.Rand) *moving {
	t.Helper()
	m := &moving{t: t, rng: rng, to: prepare(t, mongoStore)}
	key := "ORGD_KEY_FILE=" + filepath.Join(m.to.folder, m.to.setting("ORGD_KEY_FILE"))
	m.to.env = append(m.to.env, key)
	m.from = prepare(t, sqliteStore, key, "ORGD_TOKEN_TTL=24h", "ORGD_MIGRATE_TO="+m.to.setting("ORGD_STORE"))
	in, err := bulk.Fill(t.Context(), m.from.data(), manyTenants, "$2a$04$zVHmKQtGGQob.b/Nc7l9NO8UlrYcW05FiuCj/SxsFO/ZtiN9.mNzy")
	must(t, err)
	must(t, in.AddFiles(in.Orgs...))
	for _, o := range in.Orgs {
		must(t, in.AddDocuments(t.Context(), o, documentsIn))
	}
	m.from.start()
	m.acme = m.from.found("Acme", "ada@acme.example")
	for n := range documentsIn {
		m.acme.write(numbered(n), fields{"n": n, "of": m.acme.org.Name, "half": 0.5}).is(http.StatusCreated)
	}
	m.from.stop()
	return m
}

// migrate is the command.
func (m *moving) migrate() []string {
	return []string{"migrate", "--to-database", m.to.setting("ORGD_DATABASE")}
}

var movedLine = regexp.MustCompile(`^(\d+) of \d+: copying the documents`)

// kill kills a move when a part of the documents is done.
func (m *moving) kill(n int) {
	m.t.Helper()
	at := m.rng.IntN((manyTenants + 1) * documentsIn * 7 / 10)
	late := time.Duration(m.rng.Int64N(int64(100 * time.Millisecond)))
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	command := m.from.command(ctx, m.migrate()...)
	told, err := command.StderrPipe()
	must(m.t, err)
	must(m.t, command.Start())
	var lines []string
	for reader := bufio.NewScanner(told); reader.Scan(); {
		lines = append(lines, reader.Text())
		if match := movedLine.FindStringSubmatch(reader.Text()); match != nil {
			if done, _ := strconv.Atoi(match[1]); done >= at {
				break
			}
		}
	}
	<-time.After(late)
	must(m.t, command.Process.Kill())
	if err := command.Wait(); err == nil {
		m.t.Fatalf("move %d ended by itself before it was killed at %d documents: %q", n+1, at, lines)
	}
	m.t.Logf("move %d was killed at %d documents, %s later, after %q", n+1, at, late, lines[len(lines)-1])
}

// wantNotServed wants no server on a database that is half filled.
func (m *moving) wantNotServed() {
	m.t.Helper()
	text, err := m.to.tryStart()
	if err == nil {
		m.t.Fatalf("a server starts where the move is under way:\n%s", text)
	}
	wantContains(m.t, m.to.log.take(), "is being filled from sqlite:"+m.from.data())
}

// changeMeanwhile lets the old store serve.
func (m *moving) changeMeanwhile() {
	m.t.Helper()
	m.from.start()
	m.acme.write("meanwhile", fields{"n": -1}).is(http.StatusCreated)
	m.acme.write("later", fields{"n": -2}).is(http.StatusCreated)
	m.acme.delete(documentsOf(m.acme.org.ID, numbered(7))).is(http.StatusNoContent)
	m.acme.write(numbered(8), fields{"n": "changed"}).is(http.StatusOK)
	m.from.stop()
}

// finish runs the move to its end.
func (m *moving) finish() string {
	m.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 8*patience)
	defer cancel()
	command := m.from.command(ctx, m.migrate()...)
	var out, log strings.Builder
	command.Stdout, command.Stderr = &out, &log
	if err := command.Run(); err != nil {
		m.t.Fatalf("the last move ends with %v: %s", err, &log)
	}
	return out.String()
}

// wantRetired wants the old store to say where the installation is.
func (m *moving) wantRetired() {
	m.t.Helper()
	m.from.log.take()
	if _, err := m.from.tryStart(); err == nil {
		m.t.Fatal("the old store serves on")
	}
	said := m.from.log.take()
	wantContains(m.t, said, "is retired since", "/"+m.to.setting("ORGD_DATABASE"))
	wantOneLine(m.t, said)
}

// wantEverything counts what lies in the database, without asking orgd.
func (m *moving) wantEverything() {
	m.t.Helper()
	l := lookAt(m.t, m.to)
	records := all[record](l, l.main, "places")
	if len(records) != manyTenants+1 {
		m.t.Errorf("there are %d homes, want %d", len(records), manyTenants+1)
	}
	for _, r := range records {
		want := int64(documentsIn)
		if r.Organization == m.acme.org.ID {
			want++
		}
		n, err := l.main.Collection(r.Collection).CountDocuments(l.ctx, bson.D{})
		if err = errors.Join(err, l.ctx.Err()); err != nil || n != want {
			m.t.Errorf("%s has %d documents, want %d (%v)", r.Collection, n, want, err)
		}
	}
	left := m.to.store.inspect(m.t, m.to)
	for _, stray := range left.strays {
		m.t.Errorf("a stray: %s", stray)
	}
}

// back moves everything to a new folder.
func (m *moving) back() *server {
	m.t.Helper()
	home := prepare(m.t, sqliteStore, "ORGD_KEY_FILE="+m.to.setting("ORGD_KEY_FILE"))
	ctx, cancel := context.WithTimeout(context.Background(), 4*patience)
	defer cancel()
	out, err := m.to.command(ctx, "migrate", "--to", "sqlite:"+home.data(), "--lease", "1s", "--request-timeout", "900ms").CombinedOutput()
	if err != nil {
		m.t.Fatalf("the way back ends with %v: %s", err, out)
	}
	wantContains(m.t, string(out), fmt.Sprintf("Moved %d organizations", manyTenants+1), "to sqlite:"+home.data())
	return home
}

// goOn serves a new store to those whom the old one knew.
func (m *moving) goOn(to *server, documents int) {
	m.t.Helper()
	to.start()
	there := *m.acme
	there.caller = to.as(m.acme.token)
	docs := there.documents()
	if len(docs) != documents {
		m.t.Errorf("the old token reads %d documents, want %d", len(docs), documents)
	}
	for id, want := range map[string]fields{
		"meanwhile": {"n": -1.0}, numbered(8): {"n": "changed"}, numbered(9): {"half": 0.5, "n": 9.0, "of": "Acme"},
	} {
		var got fields
		if err := json.Unmarshal(docs[id].Data, &got); err != nil || !maps.Equal(got, want) {
			m.t.Errorf("%s is %v, want %v (%v)", id, got, want, err)
		}
	}
	there.signIn(to)
	there.write("new-on-"+to.store.name, fields{"n": 1}).is(http.StatusCreated)
	to.stop()
}
