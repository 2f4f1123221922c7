package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/internal/tenant"
)

// mongoURI returns where the MongoDB is: the one that was named, or the repository's own for tests, brought up first.
func (b *bench) mongoURI(ctx context.Context) (string, error) {
	if b.mongo != "" {
		return b.mongo, nil
	}
	root, err := exec.CommandContext(ctx, "go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("where is the repository: %w", err)
	}
	script := filepath.Join(string(bytes.TrimSpace(root)), "scripts", "mongo-engine")
	for _, command := range []string{"up", "uri"} {
		engine := exec.CommandContext(ctx, script, command)
		engine.Stderr = b.progress
		out, err := engine.Output()
		if err != nil {
			return "", fmt.Errorf("no MongoDB to measure on: name one with -mongo (%s %s: %w)", script, command, err)
		}
		b.mongo = string(bytes.TrimSpace(out))
	}
	return b.mongo, nil
}

// shared is a task in a database of its own.
func (b *bench) shared(ctx context.Context) (task, error) {
	uri, err := b.mongoURI(ctx)
	id := tenant.NewID()
	return task{URI: uri, Base: "orgd_bench_" + id[len(id)-12:]}, err
}

// serveMongo starts a server on the task's database.
func (b *bench) serveMongo(ctx context.Context, t task) (*server, error) {
	keys := b.folder(t.Base + ".key")
	if _, err := os.Stat(keys); err != nil {
		if out, err := exec.CommandContext(ctx, b.binary, "keys", "file", keys).CombinedOutput(); err != nil {
			return nil, fmt.Errorf("make a key file: %s (%w)", out, err)
		}
	}
	return b.serve(ctx, t.Base+"-"+tenant.NewID(), "ORGD_STORE="+t.URI, "ORGD_DATABASE="+t.Base, "ORGD_KEY_FILE="+keys)
}

// forget removes the task's databases.
func forget(ctx context.Context, t task) error {
	db, err := connect(t)
	if err != nil {
		return err
	}
	return drop(ctx, db)
}

// The loads of reads on MongoDB: so few organizations that each is known, and so many that none is known any more when its
// turn comes again, since a fact is good for a second.
const (
	hot  = 1_000
	cold = 10_000
)

// measureMongoGet compares GET /org/get on MongoDB with a bare handler where the organizations are known, and with a findOne
// behind net/http where they are not.
func measureMongoGet(ctx context.Context, b *bench) (rows []row, err error) {
	t, err := b.shared(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, forget(ctx, t)) }()
	began := time.Now()
	made, err := bulk.FillMongo(ctx, t.URI, t.Base, cold)
	if err != nil {
		return nil, err
	}
	b.say("made %d organizations in %v", cold, time.Since(began).Round(time.Millisecond))
	s, err := b.serveMongo(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	for _, c := range []struct {
		what, limit string
		orgs        []bulk.Org
		wanted      bound
	}{
		{"GET /org/get on MongoDB, 1,000 organizations", "respond", made[:hot], atLeast(0.7)},
		{"GET /org/get on MongoDB, none of them known, beside findOne", "find", made, atLeast(0.8)},
	} {
		if t.Answer, err = exchange(ctx, s.addr, getRequest(s.addr, string(c.orgs[0].Name))); err != nil {
			return nil, err
		}
		all, err := b.besideServer(ctx, s, c.limit, t, &bulk.Installation{Orgs: c.orgs})
		if err != nil {
			return nil, err
		}
		rows = append(rows, all.compare(c.what, value, perSecond, c.wanted), all.compare("— its p99", tail, inSeconds, bound{}))
	}
	return rows, nil
}

// besideServer lets reads of a server and of the limit, which answers alike, take turns.
func (b *bench) besideServer(ctx context.Context, s *server, name string, t task, in *bulk.Installation) (turns, error) {
	limit, err := b.start(ctx, name, t)
	if err != nil {
		return turns{}, err
	}
	ours, bare := gets(s.addr, in), gets(limit.report.Addr, in)
	all, err := b.alternate(ctx,
		func(ctx context.Context) (turn, error) { return ours.turn(ctx, b.round, s.cmd.Process.Pid) },
		func(ctx context.Context) (turn, error) { return bare.turn(ctx, b.round, limit.cmd.Process.Pid) })
	return all, errors.Join(err, limit.stop())
}

// measureMongoCreate compares creations in Go with bare inserts, and counts their round trips.
func measureMongoCreate(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, clients := range []int{1, 16} {
		var made []report
		all, err := b.alternate(ctx, b.onMongo("create-mongo", clients, &made), b.onMongo("insert-shared", clients, nil))
		if err != nil {
			return nil, err
		}
		var trips []float64
		for _, r := range made {
			trips = append(trips, r.Steps)
		}
		what := fmt.Sprintf("creations in Go on MongoDB (cost 4, %d clients) beside bare inserts", clients)
		rows = append(rows, all.compare(what, value, perSecond, bound{}),
			single("— round trips of one, its audit entry's way to the log included", median(trips), times, bound{}))
	}
	return rows, nil
}

// onMongo returns a turn of a worker with a database of its own.
func (b *bench) onMongo(name string, clients int, notes *[]report) func(context.Context) (turn, error) {
	return func(ctx context.Context) (turn, error) {
		t, err := b.shared(ctx)
		if err != nil {
			return turn{}, err
		}
		t.Clients, t.For = clients, b.round
		r, err := b.do(ctx, name, t)
		if notes != nil {
			*notes = append(*notes, r)
		}
		return turn{value: r.Rate}, err
	}
}

// measureMongoRename compares the rename of an organization with many documents with that of one with ten.
func measureMongoRename(ctx context.Context, b *bench) (rows []row, err error) {
	const few, many = 10, 100_000
	t, err := b.shared(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, forget(ctx, t)) }()
	s, err := b.serveMongo(ctx, t)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	var in bulk.Installation
	for i, documents := range []int{many, few} {
		o, err := signUp(ctx, s, i)
		if err == nil {
			err = fillCollection(ctx, t, tenant.NamespaceOf(o.Slug), documents)
		}
		if err != nil {
			return nil, err
		}
		in.Orgs = append(in.Orgs, o)
	}
	all, err := b.renameBoth(ctx, s, &in)
	if err != nil {
		return nil, err
	}
	what := fmt.Sprintf("rename on MongoDB of an organization with %d documents beside one with %d", many, few)
	return []row{all.compare(what, value, inSeconds, atMost(2))}, nil
}

// signUp creates the i-th organization over HTTP.
func signUp(ctx context.Context, s *server, i int) (bulk.Org, error) {
	name := fmt.Sprintf("Tenant %d", i)
	o := bulk.Org{Name: tenant.Name(name), Slug: tenant.Slug(fmt.Sprintf("tenant_%d", i)), Email: tenant.Email(fmt.Sprintf("owner%d@example.com", i))}
	body, err := json.Marshal(map[string]string{"organization_name": name, "email": string(o.Email), "password": password})
	if err != nil {
		return o, err
	}
	status, answer, err := call(ctx, http.MethodPost, "http://"+s.addr+"/v1/organizations", "", body)
	if err == nil && status != http.StatusCreated {
		err = fmt.Errorf("the creation is answered with %d: %s", status, answer)
	}
	if err != nil {
		return o, err
	}
	return o, json.Unmarshal(answer, &struct {
		ID *tenant.OrgID `json:"id"`
	}{&o.ID})
}

// fillCollection inserts documents as an application would that writes to MongoDB itself.
func fillCollection(ctx context.Context, t task, collection string, n int) error {
	db, err := connect(t)
	if err != nil {
		return err
	}
	const batch = 1000
	for done := 0; done < n && err == nil; done += batch {
		docs := make([]bson.D, min(batch, n-done))
		for i := range docs {
			docs[i] = bson.D{{Key: "number", Value: done + i}, {Key: "text", Value: bulk.Document(done + i)}}
		}
		_, err = db.Collection(collection).InsertMany(ctx, docs)
	}
	return errors.Join(err, db.Client().Disconnect(context.WithoutCancel(ctx)))
}
