package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/orgd/orgd/bench/bulk"
)

// worked returns a turn of a worker with a folder of its own.
func (b *bench) worked(name string, t task, notes *[]report) func(context.Context) (turn, error) {
	return func(ctx context.Context) (turn, error) {
		dir, remove, err := b.fresh(name)
		if err != nil {
			return turn{}, err
		}
		t := t
		t.Dir, t.For = dir, b.round
		r, err := b.do(ctx, name, t)
		if notes != nil {
			*notes = append(*notes, r)
		}
		return turn{value: r.Rate}, errors.Join(err, remove())
	}
}

// measureCreate compares creations in Go with bare commits.
func measureCreate(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, clients := range []int{1, 16} {
		var made []report
		all, err := b.alternate(ctx, b.worked("create", task{Clients: clients}, &made), b.worked("commit", task{Clients: 1}, nil))
		if err != nil {
			return nil, err
		}
		var commits []float64
		for _, r := range made {
			commits = append(commits, r.Steps)
		}
		what := fmt.Sprintf("creations in Go (cost 4, %d clients) beside bare commits", clients)
		rows = append(rows, all.compare(what, value, perSecond, bound{}),
			single("— SQLite commits of one", median(commits), times, bound{}))
	}
	return rows, nil
}

// stored is how many documents a read chooses from.
const stored = 1000

// measureDocuments compares inserting and reading documents with the bare statements: through the store, and over HTTP.
func measureDocuments(ctx context.Context, b *bench) ([]row, error) {
	var rows []row
	for _, c := range []struct {
		what, ours, limit string
		clients, count    int
	}{
		{"document insert through the store, 1 client", "insert-store", "insert-bare", 1, 0},
		{"document insert through the store, 16 clients", "insert-store", "insert-bare", 16, 0},
		{"document get through the store, 1 client", "get-store", "get-bare", 1, stored},
	} {
		all, err := b.alternate(ctx, b.worked(c.ours, task{Clients: c.clients, Count: c.count}, nil),
			b.worked(c.limit, task{Clients: 1, Count: c.count}, nil))
		if err != nil {
			return nil, err
		}
		rows = append(rows, all.compare(c.what+", beside bare SQLite", value, perSecond, bound{}))
	}
	over, err := b.documentsOverHTTP(ctx)
	return append(rows, over...), err
}

// documentsOverHTTP is the part of measureDocuments with a server.
func (b *bench) documentsOverHTTP(ctx context.Context) (rows []row, err error) {
	in, err := b.fill(ctx, "documents", 1)
	if err != nil {
		return nil, err
	}
	if err := in.AddFiles(in.Orgs...); err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, "documents")
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := signIn(ctx, s, in.Orgs[0])
	if err != nil {
		return nil, err
	}
	d := documentLoads{addr: s.addr, path: "/v1/organizations/" + string(in.Orgs[0].ID) + "/documents", token: token}
	if err := d.prepare(ctx); err != nil {
		return nil, err
	}
	for _, c := range []struct {
		what  string
		ours  load
		limit string
		count int
	}{
		{"document insert over HTTP, 1 connection", d.inserts(1), "insert-bare", 0},
		{"document insert over HTTP, 16 connections", d.inserts(16), "insert-bare", 0},
		{"document get over HTTP, 1 connection", d.gets(1), "get-bare", stored},
		{"document get over HTTP, 16 connections", d.gets(16), "get-bare", stored},
	} {
		all, err := b.alternate(ctx,
			func(ctx context.Context) (turn, error) { return c.ours.turn(ctx, b.round, s.cmd.Process.Pid) },
			b.worked(c.limit, task{Clients: 1, Count: c.count}, nil))
		if err != nil {
			return nil, err
		}
		rows = append(rows, all.compare(c.what+", beside bare SQLite", value, perSecond, bound{}))
	}
	return rows, nil
}

// documentLoads makes loads on one organization's documents.
type documentLoads struct {
	addr, path, token string
	ids               []string // of documents that are there
}

func (d *documentLoads) request(method, path, body string) []byte {
	head := fmt.Appendf(nil, "%s %s HTTP/1.1\r\nHost: %s\r\nAuthorization: Bearer %s\r\n", method, path, d.addr, d.token)
	if body != "" {
		head = fmt.Appendf(head, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	return append(head, "\r\n"+body...)
}

// prepare inserts the documents that are read.
func (d *documentLoads) prepare(ctx context.Context) error {
	for i := range stored {
		_, answer, err := call(ctx, "POST", "http://"+d.addr+d.path, d.token, []byte(bulk.Document(i)))
		if err != nil {
			return err
		}
		var doc struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(answer, &doc); err != nil || doc.ID == "" {
			return fmt.Errorf("insert a document: %s (%w)", answer, err)
		}
		d.ids = append(d.ids, doc.ID)
	}
	return nil
}

func (d *documentLoads) inserts(conns int) load {
	return load{addr: d.addr, conns: conns, next: func(_, n int) []byte { return d.request("POST", d.path, bulk.Document(n)) }}
}

func (d *documentLoads) gets(conns int) load {
	requests := make([][]byte, len(d.ids))
	for i, id := range d.ids {
		requests[i] = d.request("GET", d.path+"/"+id, "")
	}
	return load{addr: d.addr, conns: conns, next: func(conn, n int) []byte { return requests[(conn*61+n)%len(requests)] }}
}

// measureStart looks at a fresh server, beside what PocketBase, another backend of one binary, needs on two cores.
func measureStart(ctx context.Context, b *bench) ([]row, error) {
	var first []float64
	for i := range b.rounds {
		s, err := b.serve(ctx, fmt.Sprintf("start%d", i))
		if err != nil {
			return nil, err
		}
		first = append(first, s.started.Seconds())
		if err := s.stop(); err != nil {
			return nil, err
		}
	}
	again, idle, err := b.starts(ctx, "start0")
	if err != nil {
		return nil, err
	}
	return []row{
		single("first start until ready", median(first), inSeconds, bound{}),
		single("later start until ready", again, inSeconds, bound{}).beside(inSeconds((28 * time.Millisecond).Seconds())),
		single("memory of an idle server", idle, megabytes, bound{}).beside(megabytes(26e6)),
	}, nil
}
