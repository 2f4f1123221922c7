package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"

	"golang.org/x/crypto/bcrypt"

	"github.com/orgd/orgd/bench/bulk"
)

// bench is one run of the program.
type bench struct {
	options
	self     string // this program
	dir      string // everything that is made lies in it
	progress io.Writer
	hash     string // of password, at the default cost; made when it is first needed
}

// The password of everybody in the installations that are measured, and the cost of its hash: the server's default.
const (
	password = "correct horse battery"
	cost     = 12
)

// measure is one thing that is measured.
type measure struct {
	name string // for -run
	run  func(ctx context.Context, b *bench) ([]row, error)
}

// measures are all of them, in the order of the table.
func measures() []measure {
	return []measure{
		{"get", measureGet},
		{"login", measureLogin},
		{"flood", measureFlood},
		{"rename", measureRename},
		{"catalog", measureCatalog},
		{"create", measureCreate},
		{"documents", measureDocuments},
		{"start", measureStart},
		{"mongo-get", measureMongoGet},
		{"mongo-create", measureMongoCreate},
		{"mongo-rename", measureMongoRename},
		{"barrier", measureBarrier},
		{"migrate", measureMigrate},
	}
}

// measure runs what was asked for and prints the table, each row as soon as it is known.
func (b *bench) measure(ctx context.Context, out io.Writer) error {
	_, _ = fmt.Fprintf(out, "%s, %s/%s, %d cores (%s); %d rounds of %v each.\n\n", runtime.Version(), runtime.GOOS, runtime.GOARCH,
		runtime.NumCPU(), processor(), b.rounds, b.round)
	_, _ = fmt.Fprint(out, header)
	for _, m := range measures() {
		if !b.only.MatchString(m.name) {
			continue
		}
		b.say("measuring: %s", m.name)
		rows, err := m.run(ctx, b)
		if err != nil {
			return fmt.Errorf("measure %s: %w", m.name, err)
		}
		for _, r := range rows {
			_, _ = fmt.Fprint(out, r)
		}
	}
	return nil
}

// say tells who waits what is going on.
func (b *bench) say(format string, args ...any) {
	_, _ = fmt.Fprintf(b.progress, format+"\n", args...)
}

// build makes the binary as a release is built.
func (b *bench) build(ctx context.Context) error {
	b.say("building orgd")
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-o", b.binary, "github.com/orgd/orgd/cmd/orgd")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	cmd.Stdout, cmd.Stderr = b.progress, b.progress
	return cmd.Run()
}

// folder returns the path of a data folder of that name.
func (b *bench) folder(name string) string { return filepath.Join(b.dir, name) }

// fill makes a data folder with n organizations.
func (b *bench) fill(ctx context.Context, name string, n int) (*bulk.Installation, error) {
	if b.hash == "" {
		hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
		if err != nil {
			return nil, err
		}
		b.hash = string(hash)
	}
	began := time.Now()
	in, err := bulk.Fill(ctx, b.folder(name), n, b.hash)
	if err == nil && n > 1000 {
		b.say("made %d organizations in %v", n, time.Since(began).Round(time.Millisecond))
	}
	return in, err
}

// turn is what one turn measured. What a measure does not fill in is zero.
type turn struct {
	value    float64 // a rate per second, or a time in seconds
	p50, p99 time.Duration
	cpu      time.Duration // of the server, per request
}

// turns are those of one measure, in pairs.
type turns struct{ ours, limit []turn }

// alternate lets ours and the limit take turns.
func (b *bench) alternate(ctx context.Context, ours, limit func(context.Context) (turn, error)) (turns, error) {
	var all turns
	for range b.rounds {
		a, err := ours(ctx)
		if err != nil {
			return all, err
		}
		z, err := limit(ctx)
		if err != nil {
			return all, fmt.Errorf("the limit: %w", err)
		}
		all.ours, all.limit = append(all.ours, a), append(all.limit, z)
	}
	return all, ctx.Err()
}
