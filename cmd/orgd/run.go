package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/alecthomas/kong"

	"github.com/orgd/orgd/internal/config"
)

// The exit codes.
const (
	exitDone    = 0
	exitFailed  = 1
	exitMisused = 2
)

// process is what a command has of the process that it runs in.
type process struct {
	args, env      []string
	stdin          io.Reader
	stdout, stderr io.Writer
	// signals asks for an end: the first for an orderly one, the second for one at once, which kill brings about.
	signals <-chan os.Signal
	kill    func(code int)
	now     func() time.Time

	// settings are those given as flags, by variable.
	settings map[string]string
	// serving is told of a server that is ready; nil outside of tests.
	serving func(*server)
}

// run does what the arguments say and returns the exit code.
func run(ctx context.Context, p *process) int {
	command, err := parse(p)
	switch {
	case errors.Is(err, errHelped):
		return exitDone
	case err != nil:
		p.complain(err)
		_, _ = fmt.Fprintln(p.stderr, `Run "orgd --help" for the commands and "orgd COMMAND --help" for one of them.`)
		return exitMisused
	}
	alive, ended := context.WithCancel(ctx)
	defer ended()
	work, stop := context.WithCancel(alive)
	defer stop()
	go p.obey(alive, stop)
	command.BindTo(work, (*context.Context)(nil))
	switch err := command.Run(p); {
	case err == nil:
		return exitDone
	case work.Err() != nil && errors.Is(err, context.Canceled):
		p.complain(errors.New("interrupted"))
	case errors.Is(err, errNoDatabase), errors.Is(err, config.ErrUnnamed): // flags that are missing, which the parser cannot know
		p.complain(err)
		return exitMisused
	default:
		p.complain(err)
	}
	return exitFailed
}

// obey turns signals into the end of the command: the first stops its work, the second does not wait for that.
func (p *process) obey(alive context.Context, stop func()) {
	for _, act := range []func(){stop, func() { p.kill(exitFailed) }} {
		select {
		case <-p.signals:
			act()
		case <-alive.Done():
			return
		}
	}
}

// complain prints an error as one line.
func (p *process) complain(err error) {
	_, _ = fmt.Fprintln(p.stderr, "orgd:", oneLine(err))
}

// config loads the settings.
func (p *process) config() (config.Loaded, error) { return config.Load(p.sources()) }

// sources are where settings come from.
func (p *process) sources() config.Sources {
	return config.Sources{Flags: p.settings, Environ: p.env, DotEnv: ".env"}
}

// parse reads the arguments. errHelped says that --help was answered.
func parse(p *process) (*kong.Context, error) {
	flags := newSettingFlags(config.Settings())
	commands := &commands{Plugins: kong.Plugins{flags.target()}}
	helped := false
	parser, err := kong.New(commands,
		kong.Name("orgd"),
		kong.Description("The organization service: tenants with their people and their data, over HTTP.\n\n"+overview),
		kong.Writers(p.stdout, p.stderr),
		kong.Exit(func(int) { helped = true }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true, FlagsLast: true, WrapUpperBound: 100}),
		kong.Help(printHelp),
		kong.Bind(p),
		kong.Vars{"version": versionLine()},
	)
	if err != nil {
		return nil, err
	}
	command, err := parser.Parse(p.args)
	if helped {
		return nil, errHelped
	}
	if err != nil {
		return nil, err
	}
	p.settings = flags.given()
	return command, nil
}

// errHelped ends a command whose help was asked for.
var errHelped = errors.New("help was printed")
