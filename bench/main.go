// Command bench measures orgd beside the physical limits of what it does, and prints a table. README.md beside it says how
// to run it, what each limit is, and what was measured last.
//
// Client and server are processes of their own: the client is this program, the server is the orgd binary as it is
// released, and a limit is this program run again as one of the workers in workers.go. Ours and the limit take turns, so
// that what else the machine does meets both.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"regexp"
	"runtime"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	switch {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		_, _ = fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

// run does what the arguments say: the work of one worker, or all measures.
func run(ctx context.Context, args []string, out, progress io.Writer) error {
	if len(args) == 3 && args[0] == workCommand {
		return work(ctx, args[1], args[2], os.Stdin, out)
	}
	o, err := parseOptions(args, progress)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, o.limit)
	defer cancel()
	b, err := newBench(ctx, o, progress)
	if err != nil {
		return err
	}
	return errors.Join(b.measure(ctx, out), os.RemoveAll(b.dir))
}

// options are what the flags say.
type options struct {
	only       *regexp.Regexp
	round      time.Duration // that one turn lasts
	rounds     int
	limit      time.Duration // of the whole program
	orgs, docs int           // of the large installation and the large organization
	workers    int           // of the server's hashing pool
	binary     string
	dir        string
	mongo      string // URI of the MongoDB; empty for the repository's own
}

func parseOptions(args []string, progress io.Writer) (options, error) {
	var o options
	flags := flag.NewFlagSet("bench", flag.ContinueOnError)
	flags.SetOutput(progress)
	only := flags.String("run", "", "measure only what matches this regular `expression`")
	short := flags.Bool("short", false, "few short turns on small data: to see that it works, not how fast")
	seconds := flags.Float64("seconds", 3, "how long a turn lasts")
	flags.IntVar(&o.rounds, "rounds", 5, "how many turns ours and the limit take each")
	flags.DurationVar(&o.limit, "limit", 40*time.Minute, "end the program after this time")
	flags.IntVar(&o.orgs, "orgs", 100_000, "organizations of the large installation")
	flags.IntVar(&o.docs, "docs", 1_000_000, "documents of the large organization")
	flags.IntVar(&o.workers, "workers", max(1, runtime.NumCPU()/2), "how many passwords the server hashes at once")
	flags.StringVar(&o.binary, "orgd", "", "the orgd `binary` to measure, built anew if not given")
	flags.StringVar(&o.mongo, "mongo", os.Getenv("ORGD_TEST_MONGO_URI"), "`URI` of the MongoDB to measure on; the default is what scripts/mongo-engine brings up")
	flags.StringVar(&o.dir, "dir", "bin", "`folder` on the disk to measure on")
	if err := flags.Parse(args); err != nil {
		return o, err
	}
	if flags.NArg() > 0 {
		return o, fmt.Errorf("there are no arguments, only flags: %q", flags.Args())
	}
	if *short {
		o.shorten(flags, seconds)
	}
	o.round = time.Duration(*seconds * float64(time.Second))
	if o.rounds < 1 || o.round <= 0 || o.orgs < 1000 || o.docs < 10 || o.workers < 1 {
		return o, errors.New("-rounds, -seconds and -workers are at least 1, -orgs 1000, -docs 10")
	}
	var err error
	o.only, err = regexp.Compile(*only)
	return o, err
}

// shorten takes smaller values where none was given.
func (o *options) shorten(flags *flag.FlagSet, seconds *float64) {
	given := map[string]bool{}
	flags.Visit(func(f *flag.Flag) { given[f.Name] = true })
	for name, set := range map[string]func(){
		"seconds": func() { *seconds = 1 },
		"rounds":  func() { o.rounds = 3 },
		"orgs":    func() { o.orgs = 5_000 },
		"docs":    func() { o.docs = 50_000 },
	} {
		if !given[name] {
			set()
		}
	}
}

// newBench makes the folder of work, and the binary in it if none was given.
func newBench(ctx context.Context, o options, progress io.Writer) (*bench, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	if err := os.MkdirAll(o.dir, 0o700); err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp(o.dir, "bench-")
	if err != nil {
		return nil, err
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return nil, err
	}
	b := &bench{options: o, self: self, dir: dir, progress: progress}
	if b.binary == "" {
		b.binary = filepath.Join(dir, "orgd")
		err = b.build(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	b.binary, err = filepath.Abs(b.binary)
	return b, err
}
