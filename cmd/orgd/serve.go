package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"runtime"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/control"
	"github.com/orgd/orgd/internal/httpapi"
	"github.com/orgd/orgd/internal/logging"
)

// serveCommand serves the API.
type serveCommand struct{}

// Help teaches the command.
func (serveCommand) Help() string {
	return `Makes the data folder, or the collections on MongoDB, and its keys at the first start. SIGTERM or an interrupt ends it in
order: it reports unready, takes no more connections, finishes the requests under way and closes the store; a second one
ends it at once, which loses nothing that was acknowledged.

Examples:

    orgd
    orgd serve --listen 127.0.0.1:9000 --store sqlite:/srv/orgd
    ORGD_STORE=mongodb://user:password@host/ ORGD_KEY_FILE=/etc/orgd/key orgd
    orgd serve --listen :443 --tls-cert cert.pem --tls-key key.pem --public-url https://orgs.example.com`
}

// Run serves until ctx ends.
func (serveCommand) Run(ctx context.Context, p *process) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	log := newLog(p, &loaded.Config, loud)
	defer closeLog(ctx, log)
	for _, warning := range loaded.Warnings {
		log.Logger().Warn("a variable was ignored", "reason", warning)
	}
	return serve(ctx, p, &loaded.Config, log)
}

// server is a running server.
type server struct {
	app     *app
	api     *httpapi.Server
	doors   []*door
	control *control.Server
	log     *slog.Logger
	// drain bounds how long requests under way may take once the server ends.
	drain time.Duration
}

// serve runs a server from the opening of its store to the closing.
func serve(ctx context.Context, p *process, c *config.Config, log *logging.Log) (err error) {
	if err := tryDoors(ctx, c, log.Logger(), p.now); err != nil {
		return err
	}
	a, err := p.openApp(ctx, c, log, serving)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, a.close()) }()
	if err := a.levelLogins(ctx); err != nil {
		return err
	}
	doors, err := openDoors(ctx, c, a.log, a.now)
	if err != nil {
		return err
	}
	defer closeDoors(doors)
	a.listener = doors[0].listener.Addr()
	a.recoverAll(ctx)
	if err := a.fixIssuer(ctx); err != nil {
		return err
	}
	s := &server{app: a, api: a.newAPI(), doors: doors, log: a.log, drain: httpapi.LongestRequest(c.RequestTimeout)}
	s.furnish(limitsOf(c))
	if s.control, err = backendOf(c).listen(a.log); err != nil {
		a.log.Warn("administration commands work only while the server is stopped", "error", oneLine(err))
	}
	return s.run(ctx, p)
}

// furnish gives each door what answers behind it.
func (s *server) furnish(l limits) {
	for _, d := range s.doors {
		handler := http.Handler(s.api)
		if d.setting != listenSetting {
			handler = s.api.Metrics()
		}
		d.server = newHTTPServer(handler, l, s.log)
		d.server.TLSConfig = d.secure
	}
}

// heapFloor is never touched, so it takes no memory, but counts as live: the collector runs when the heap has grown by as much
// as is live, and a small server's few megabytes would have it run thirty times a second under load (measured: 7 % of the
// processor time of a look-up; the peak with 100,000 organizations grows from 124 to 141 MB).
const heapFloor = 16 << 20

// run answers until ctx ends, a listener fails or the store is not for this version any more, then ends in order.
func (s *server) run(ctx context.Context, p *process) error {
	floor := make([]byte, heapFloor)
	defer runtime.KeepAlive(floor)
	lasting := context.WithoutCancel(ctx) // for what goes on until the requests under way are finished
	work := startJobs(lasting, s.app)
	endControl := s.startControl(lasting)
	failed := make(chan error, len(s.doors))
	for _, d := range s.doors {
		go func() { failed <- d.serve() }()
	}
	s.greet(lasting, p)
	if p.serving != nil {
		p.serving(s)
	}
	var err error
	select {
	case <-ctx.Done():
		s.log.Info("ending: no more connections are taken, requests under way are finished")
	case err = <-failed:
	case err = <-s.app.outdated:
		s.log.Error("ending: this version must not use the store any more", "error", oneLine(err))
	case err = <-s.app.ousted:
	}
	s.api.Drain()
	err = errors.Join(err, s.shutDoors(lasting))
	endControl()
	work.end()
	return err
}

// startControl answers administration commands, and returns what ends that.
func (s *server) startControl(ctx context.Context) (end func()) {
	if s.control == nil {
		return func() {}
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.control.Serve(ctx, s.app.serveAct)
	}()
	return func() {
		cancel()
		<-done
	}
}

// shutDoors finishes the requests under way, all doors at once.
func (s *server) shutDoors(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, s.drain)
	defer cancel()
	shut := make(chan error)
	for _, d := range s.doors {
		go func() { shut <- d.shut(ctx) }()
	}
	var failed error
	for range s.doors {
		failed = errors.Join(failed, <-shut)
	}
	if errors.Is(failed, context.DeadlineExceeded) {
		return errors.New("requests that took too long were cut")
	}
	return failed
}

// greet says on standard output what a person needs next.
func (s *server) greet(ctx context.Context, p *process) {
	scheme := "http://"
	if s.app.config.TLS() {
		scheme = "https://"
	}
	var text strings.Builder
	fmt.Fprintf(&text, "orgd %s is ready.\n", versionName())
	for _, d := range s.doors {
		address := scheme + localAddress(d.listener.Addr().String())
		if d.setting != listenSetting {
			fmt.Fprintf(&text, "  Metrics        %s/metrics\n", address)
			continue
		}
		fmt.Fprintf(&text, "  API            %s\n", address)
		if s.app.config.Docs {
			fmt.Fprintf(&text, "  Documentation  %s/docs\n", address)
		}
	}
	fmt.Fprintf(&text, "  Data           %s\n", s.app.place)
	text.WriteString(s.firstOperator(ctx, p))
	_, _ = fmt.Fprint(p.stdout, text.String())
	s.log.Info("ready", "address", s.doors[0].listener.Addr().String(), "data", s.app.place, "version", versionName())
}

// firstOperator says how to make an operator as long as there is none.
func (s *server) firstOperator(ctx context.Context, p *process) string {
	found, err := s.app.store.Operators.List(ctx, "", 1)
	if err != nil || len(found) > 0 {
		return ""
	}
	return fmt.Sprintf("There is no operator yet. To add one, run: orgd operator add --email you@example.com%s\n", p.sameStore())
}
