package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"time"

	"github.com/orgd/orgd/bench/bulk"
)

// connections is how many a load of reads uses.
const connections = 32

// getRequest is a read of an organization by its name, as anybody may send it.
func getRequest(host string, name string) []byte {
	return fmt.Appendf(nil, "GET /org/get?organization_name=%s HTTP/1.1\r\nHost: %s\r\n\r\n", url.QueryEscape(name), host)
}

// gets is a load of reads of all the installation's organizations in turn.
func gets(addr string, in *bulk.Installation) load {
	requests := make([][]byte, len(in.Orgs))
	for i, o := range in.Orgs {
		requests[i] = getRequest(addr, string(o.Name))
	}
	return load{addr: addr, conns: connections, next: func(conn, n int) []byte {
		return requests[(conn*len(requests)/connections+n)%len(requests)]
	}}
}

// warmUp is how much of a turn's time a load runs before it, uncounted: while the other one had its turn, what the server knew
// of each organization has grown too old.
const warmUp = 4

// turn runs a load of which every answer must be good.
func (l load) turn(ctx context.Context, d time.Duration, pid int) (turn, error) {
	if _, err := l.run(ctx, d/warmUp); err != nil {
		return turn{}, err
	}
	before := processorTime(pid)
	o, err := l.run(ctx, d)
	if err := errors.Join(err, o.only()); err != nil {
		return turn{}, err
	}
	used := processorTime(pid) - before
	return turn{
		value: o.rate(), p50: o.times.quantile(0.5), p99: o.times.quantile(0.99), cpu: used / time.Duration(o.good),
	}, nil
}

// exchange sends one request on a connection of its own and returns the answer's bytes.
func exchange(ctx context.Context, addr string, request []byte) ([]byte, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = conn.Close() }() // only read from
	if _, err := conn.Write(request); err != nil {
		return nil, err
	}
	answer := make([]byte, 16<<10) // an answer of one write arrives in one piece on loopback
	n, err := conn.Read(answer)
	if err != nil && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return answer[:n], nil
}

// twin starts a bare server that answers everything as the server answers the request, and checks that it does.
func (b *bench) twin(ctx context.Context, addr string, request []byte) (*worker, error) {
	model, err := exchange(ctx, addr, request)
	if err != nil {
		return nil, err
	}
	limit, err := b.start(ctx, "respond", task{Answer: model})
	if err != nil {
		return nil, err
	}
	answer, err := exchange(ctx, limit.report.Addr, request)
	if err == nil && len(answer) != len(model) {
		err = fmt.Errorf("the limit answers %q where the server answers %q", answer, model)
	}
	if err != nil {
		return nil, errors.Join(err, limit.stop())
	}
	return limit, nil
}

// measureGet compares GET /org/get, hot among 1,000 organizations, with a bare net/http handler that sends the same bytes.
func measureGet(ctx context.Context, b *bench) ([]row, error) {
	in, err := b.fill(ctx, "get", 1000)
	if err != nil {
		return nil, err
	}
	s, err := b.serve(ctx, "get")
	if err != nil {
		return nil, err
	}
	limit, err := b.twin(ctx, s.addr, getRequest(s.addr, string(in.Orgs[0].Name)))
	if err != nil {
		return nil, errors.Join(err, s.stop())
	}
	ours, bare := gets(s.addr, in), gets(limit.report.Addr, in)
	all, err := b.alternate(ctx,
		func(ctx context.Context) (turn, error) { return ours.turn(ctx, b.round, s.cmd.Process.Pid) },
		func(ctx context.Context) (turn, error) { return bare.turn(ctx, b.round, limit.cmd.Process.Pid) })
	if err := errors.Join(err, limit.stop(), s.stop()); err != nil {
		return nil, err
	}
	return []row{
		all.compare("GET /org/get, 1,000 organizations", value, perSecond, atLeast(0.7)),
		all.compare("— its p99", tail, inSeconds, bound{}),
		all.compare("— processor time of the server a request", effort, inSeconds, bound{}),
	}, nil
}
