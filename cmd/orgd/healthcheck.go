package main

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/config"
)

// healthcheckLimit is how long a check may take.
const healthcheckLimit = 3 * time.Second

// healthcheckCommand asks the server on this host whether it is ready.
type healthcheckCommand struct{}

// Help teaches the command.
func (healthcheckCommand) Help() string {
	return `Asks /readyz at the address of ORGD_LISTEN on this host and exits with 0 if the server is ready, else with 1. It reads the
settings as the server does, so it serves as a container's health check. Of a server that was started with other settings
the address is enough, and where it speaks TLS that there is a certificate, which is not read:

    HEALTHCHECK CMD ["orgd", "healthcheck"]
    orgd healthcheck --listen 0.0.0.0:8443 --tls-cert cert.pem`
}

// Run asks once.
func (healthcheckCommand) Run(ctx context.Context, p *process) error {
	loaded, err := config.LoadApart(p.sources())
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, healthcheckLimit)
	defer cancel()
	if err := askReady(ctx, &loaded.Config); err != nil {
		return err
	}
	_, err = fmt.Fprintln(p.stdout, "ready")
	return err
}

// askReady returns nil if the server says that it is ready.
func askReady(ctx context.Context, c *config.Config) error {
	url := "http://" + localAddress(c.Listen) + "/readyz"
	if c.TLS() {
		url = "https" + url[len("http"):]
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DisableKeepAlives: true,
		//nolint:gosec // the address is this host's own, its certificate is for the public name, and nothing secret is sent
		TLSClientConfig: &tls.Config{InsecureSkipVerify: true},
	}}
	answer, err := client.Do(request)
	if err != nil {
		return fmt.Errorf("no server answers: %w", err)
	}
	defer answer.Body.Close()
	if answer.StatusCode == http.StatusOK {
		return nil
	}
	var problem api.Problem
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<16)).Decode(&problem); err != nil || problem.Detail == "" {
		return fmt.Errorf("not ready: %s", answer.Status)
	}
	return fmt.Errorf("not ready: %s", problem.Detail)
}

// localAddress returns where this host reaches a listener: the address itself, or loopback where it listens on all.
func localAddress(listen string) string {
	host, port, _ := net.SplitHostPort(listen) // the configuration has checked it
	switch ip, err := netip.ParseAddr(host); {
	case host == "", err == nil && ip == netip.IPv4Unspecified():
		host = "127.0.0.1"
	case err == nil && ip == netip.IPv6Unspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, port)
}
