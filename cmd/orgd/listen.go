package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/orgd/orgd/internal/certs"
	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/httpapi"
)

// limits are what one connection may take of a server, so that slow clients hold nothing for long.
type limits struct {
	header, request, idle time.Duration
	headerBytes           int
}

// limitsOf leaves every request the time that its route may take, and a little for the way. The time to read covers the
// whole request, not only its body: net/http takes a read deadline that passes meanwhile for a client that has gone.
func limitsOf(c *config.Config) limits {
	const onTheWay = 5 * time.Second
	return limits{
		header: onTheWay, request: httpapi.LongestRequest(c.RequestTimeout) + onTheWay, idle: 2 * time.Minute,
		headerBytes: 32 << 10, // a token has at most 8 KiB
	}
}

func newHTTPServer(handler http.Handler, l limits, log *slog.Logger) *http.Server {
	return &http.Server{
		Handler: handler, ReadHeaderTimeout: l.header, ReadTimeout: l.request, WriteTimeout: l.request, IdleTimeout: l.idle,
		MaxHeaderBytes:               l.headerBytes,
		DisableGeneralOptionsHandler: true, // OPTIONS * is answered by the handler, as everything else
		// What net/http has to say is about single connections, and any client can make it say so.
		ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
}

// door is a listener and, once the server is furnished, what serves it.
type door struct {
	setting  string
	listener net.Listener
	secure   *tls.Config
	server   *http.Server
}

// listenSetting names the door of the API, which is always there and comes first.
const listenSetting = "ORGD_LISTEN"

// tryDoors opens the doors and closes them again. What keeps them shut, a certificate or an address in use, is told before the store
// is made, so that a first start that fails there leaves nothing behind. They do not stay open: the store may take long to open, and who
// comes meanwhile is to go to another server at once.
func tryDoors(ctx context.Context, c *config.Config, log *slog.Logger, now func() time.Time) error {
	doors, err := openDoors(ctx, c, log, now)
	closeDoors(doors)
	return err
}

// openDoors listens where the settings say. Nothing is answered before serve is called: who comes earlier waits.
func openDoors(ctx context.Context, c *config.Config, log *slog.Logger, now func() time.Time) (_ []*door, err error) {
	var secure *tls.Config
	if c.TLS() {
		pair, err := certs.Load(c.TLSCert, c.TLSKey, now, log)
		if err != nil {
			return nil, err
		}
		secure = pair.TLS()
	}
	var doors []*door
	defer func() {
		if err != nil {
			closeDoors(doors)
		}
	}()
	for _, wanted := range []struct{ setting, address string }{{listenSetting, c.Listen}, {"ORGD_METRICS_LISTEN", apart(c)}} {
		if wanted.address == "" {
			continue
		}
		d := &door{setting: wanted.setting, secure: secure.Clone()}
		if d.listener, err = listen(ctx, wanted.setting, wanted.address); err != nil {
			return nil, err
		}
		doors = append(doors, d)
	}
	return doors, nil
}

// apart returns the address of a metrics listener of its own, if there is to be one.
func apart(c *config.Config) string {
	if c.MetricsListen == c.Listen {
		return ""
	}
	return c.MetricsListen
}

func listen(ctx context.Context, setting, address string) (net.Listener, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", address)
	switch {
	case err == nil:
		return listener, nil
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("the address %s is in use by another program; stop that, or set %s to another address", address, setting)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("this user may not listen on %s; set %s to a port above 1023", address, setting)
	default:
		return nil, fmt.Errorf("cannot listen on %s (%s): %w", address, setting, err)
	}
}

// serve answers until the door is shut, and returns what ended it otherwise.
func (d *door) serve() error {
	var err error
	if d.server.TLSConfig != nil {
		err = d.server.ServeTLS(d.listener, "", "")
	} else {
		err = d.server.Serve(d.listener)
	}
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("the listener of %s failed: %w", d.setting, err)
}

// shut takes no more connections and waits for the requests under way, until ctx ends: then it cuts them.
func (d *door) shut(ctx context.Context) error {
	err := d.server.Shutdown(ctx)
	return errors.Join(err, d.server.Close())
}

func closeDoors(doors []*door) {
	for _, d := range doors {
		_ = d.listener.Close()
	}
}
