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
	pages, most, err := b.pages(ctx, in, deepest)
	if err != nil {
		return nil, err
	}
	among := fmt.Sprintf("among %d organizations", b.orgs)
	return []row{
		pages.compare("deepest page of GET /v1/organizations beside the first, "+among, value, inSeconds, atMost(2)),
		single("ready after start, "+among, starts, inSeconds, within(1, "1 s")),
		single("memory when ready, "+among, idle, megabytes, within(150e6, "150 MB")),
		single("most memory while lists open 512 tenants and every name is read, "+among, most, megabytes, within(150e6, "150 MB")),
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
		bytes, err := s.memory("VmRSS:")
		if err := errors.Join(err, s.stop()); err != nil {
			return 0, 0, err
		}
		all, memory = append(all, s.started.Seconds()), append(memory, bytes)
	}
	return median(all), median(memory), ctx.Err()
}

// pages compares the deepest page with the first, and returns the most memory that the server had during that and what
// [bench.exercise] does.
func (b *bench) pages(ctx context.Context, in *bulk.Installation, deepest string) (all turns, most float64, err error) {
	s, err := b.serve(ctx, "catalog")
	if err != nil {
		return all, 0, err
	}
	defer func() { err = errors.Join(err, s.stop()) }()
	token, err := asOperator(ctx, s)
	if err != nil {
		return all, 0, err
	}
	all, err = b.alternate(ctx,
		func(ctx context.Context) (turn, error) { return b.pageTurn(ctx, s, token, deepest) },
		func(ctx context.Context) (turn, error) { return b.pageTurn(ctx, s, token, "") })
	if err == nil {
		err = b.exercise(ctx, s, in, token)
	}
	if err != nil {
		return all, 0, err
	}
	most, err = s.memory("VmHWM:")
	return all, most, err
}

// pageTurn asks for one page again and again, and returns the median of the times.
func (b *bench) pageTurn(ctx context.Context, s *server, token, cursor string) (turn, error) {
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

// exercise has the server keep as much in memory as it ever does: as many tenants' files open as it allows, by a walk through
// the beginning of the list, and as many organizations known, by a read of each.
func (b *bench) exercise(ctx context.Context, s *server, in *bulk.Installation, token string) error {
	const openFiles, step = 512, 200
	cursor := ""
	for range openFiles/step + 1 {
		var err error
		if cursor, err = page(ctx, s, token, cursor, step); err != nil {
			return err
		}
	}
	each := gets(s.addr, in)
	each.total = int64(len(in.Orgs))
	_, err := each.turn(ctx, time.Minute, s.cmd.Process.Pid)
	return err
}
