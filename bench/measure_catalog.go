package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/bench/bulk"
)

// measureCatalog looks at an installation of very many organizations: the first and the deepest page of their list, the
// time until a server is ready, and its memory.
func measureCatalog(ctx context.Context, b *bench) ([]row, error) {
	in, err := b.fill(ctx, "catalog", b.orgs)
	if err != nil {
		return nil, err
	}
	deepest, err := b.deepest(ctx)
	if err != nil {
		return nil, err
	}
	began := time.Now()
	if err := in.AddFiles(in.Orgs...); err != nil {
		return nil, err
	}
	b.say("made %d files in %v", len(in.Orgs), time.Since(began).Round(time.Millisecond))
	starts, idle, err := b.starts(ctx, "catalog")
	if err != nil {
		return nil, err
	}
	pages, after, err := b.pages(ctx, deepest)
	if err != nil {
		return nil, err
	}
	among := fmt.Sprintf("among %d organizations", b.orgs)
	return []row{
		pages.compare("deepest page of GET /v1/organizations beside the first, "+among, value, inSeconds, atMost(2)),
		single("ready after start, "+among, starts, inSeconds, within(1, "1 s")),
		single("memory when ready, "+among, idle, megabytes, within(150e6, "150 MB")),
		single("memory after lists and reads of all, "+among, after, megabytes, within(150e6, "150 MB")),
	}, nil
}

// pageSize is the default.
const pageSize = 50

// page asks for a page and returns where the next one begins.
func page(ctx context.Context, s *server, token, cursor string, limit int) (next string, err error) {
	query := url.Values{"limit": {strconv.Itoa(limit)}}
	if cursor != "" {
		query.Set("cursor", cursor)
	}
	status, answer, err := call(ctx, http.MethodGet, "http://"+s.addr+"/v1/organizations?"+query.Encode(), token, nil)
	if err == nil && status != http.StatusOK {
		err = fmt.Errorf("the list is answered with %d: %s", status, answer)
	}
	if err != nil {
		return "", err
	}
	var got api.OrganizationPage
	if err := json.Unmarshal(answer, &got); err != nil {
		return "", err
	}
	if len(got.Items) != limit {
		return "", fmt.Errorf("a page of %d has %d items", limit, len(got.Items))
	}
	return got.NextCursor, nil
}

// asOperator returns the operator's token.
func asOperator(ctx context.Context, s *server) (string, error) {
	return tokenOf(ctx, s, map[string]string{"as": "operator", "email": string(bulk.Operator), "password": password})
}

// deepest walks the list to its last full page and returns where that begins. It does so while the tenants have no files,
// since their usage is part of a list and the walk would open every one.
func (b *bench) deepest(ctx context.Context) (cursor string, err error) {
	const stride = 200
	s, err := b.serve(ctx, "catalog")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := asOperator(ctx, s)
	if err != nil {
		return "", err
	}
	left := b.orgs - pageSize
	for left > 0 {
		step := min(stride, left)
		if cursor, err = page(ctx, s, token, cursor, step); err != nil {
			return "", err
		}
		left -= step
	}
	return cursor, nil
}

// starts starts the server several times and returns the medians of how long it took and of its memory.
func (b *bench) starts(ctx context.Context, name string) (took, resident float64, err error) {
	var all, memory []float64
	for range b.rounds {
		s, err := b.serve(ctx, name)
		if err != nil {
			return 0, 0, err
		}
		rest(ctx, time.Second)
		bytes, err := s.resident()
		if err := errors.Join(err, s.stop()); err != nil {
			return 0, 0, err
		}
		all, memory = append(all, s.started.Seconds()), append(memory, bytes)
	}
	return median(all), median(memory), ctx.Err()
}

// pages compares the deepest page with the first, and returns the server's memory after that and after a walk through the
// first tenth of the list.
func (b *bench) pages(ctx context.Context, deepest string) (all turns, resident float64, err error) {
	s, err := b.serve(ctx, "catalog")
	if err != nil {
		return all, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := asOperator(ctx, s)
	if err != nil {
		return all, 0, err
	}
	turnOf := func(cursor string) func(context.Context) (turn, error) {
		return func(ctx context.Context) (turn, error) {
			var took []float64
			for end := time.Now().Add(b.round); time.Now().Before(end); {
				began := time.Now()
				if _, err := page(ctx, s, token, cursor, pageSize); err != nil {
					return turn{}, err
				}
				took = append(took, time.Since(began).Seconds())
			}
			return turn{value: median(took)}, nil
		}
	}
	if all, err = b.alternate(ctx, turnOf(deepest), turnOf("")); err != nil {
		return all, 0, err
	}
	cursor := ""
	for range b.orgs / 10 / 200 {
		if cursor, err = page(ctx, s, token, cursor, 200); err != nil {
			return all, 0, err
		}
	}
	resident, err = s.resident()
	return all, resident, err
}
