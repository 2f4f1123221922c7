package main

import (
	"context"
	"errors"
	"log/slog"
	"net"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/authn"
	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/httpapi"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/logging"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/presence"
	"github.com/orgd/orgd/internal/tenant"
	"github.com/orgd/orgd/internal/throttle"
	"github.com/orgd/orgd/internal/tokens"
)

// app is the rooms of one process, wired to a store.
type app struct {
	config *config.Config
	log    *slog.Logger
	now    func() time.Time

	*opened
	installation tenant.Installation
	// self is this server on the list of servers; empty for a command beside others.
	self tenant.InstanceID
	// enrolled is when self was sent to the list of servers; keeper keeps it there where others share the store, else nil.
	enrolled time.Time
	keeper   *presence.Keeper

	pool        *passwords.Pool
	guard       *access.Guard
	keyring     *tokens.Keyring
	gates       *placement.Gates
	orgs        *orgs.Service
	documents   *documents.Service
	minter      *tokens.Minter
	authn       *authn.Service
	idempotency *idempotency.Keeper
	registry    *prometheus.Registry
	// renewed are the secrets that a process with the role renewing gave up.
	renewed []tenant.Key

	// ousted hears that the installation has moved to another store while this server was taken for dead.
	ousted chan error

	// listener is where the API is served; nil where it is not.
	listener net.Addr
	// closers end what openApp began, the last first.
	closers []func() error
}

// openApp opens the store and wires the rooms. The caller closes the app.
func (p *process) openApp(ctx context.Context, c *config.Config, log *logging.Log, as role) (_ *app, err error) {
	a := &app{config: c, log: log.Logger(), now: p.now, ousted: make(chan error, 1)}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close())
		}
	}()
	keyFile, err := readKeyFile(c.KeyFile)
	if err != nil {
		return nil, err
	}
	if a.opened, err = backendOf(c).open(ctx, as, a.log, a.now); err != nil {
		return nil, err
	}
	a.closers = append(a.closers, a.opened.close)
	if err := a.enroll(ctx, as); err != nil {
		return nil, err
	}
	if err := a.inUse(ctx); err != nil {
		return nil, err
	}
	if err := a.found(ctx); err != nil {
		return nil, err
	}
	if err := a.wire(keyFile); err != nil {
		return nil, err
	}
	if as == serving && a.shared {
		a.keepPresent(ctx)
	}
	if err := a.openKeys(ctx, as); err != nil {
		return nil, err
	}
	a.registry = newRegistry(a, log)
	return a, nil
}

// openKeys reads the server's secrets, and makes those that are missing.
func (a *app) openKeys(ctx context.Context, as role) (err error) {
	if as == renewing {
		a.renewed, err = a.authn.RenewKeys(ctx, access.Console())
		return err
	}
	return a.authn.LoadKeys(ctx)
}

// close ends everything that openApp began.
func (a *app) close() error {
	var failed error
	for _, end := range slices.Backward(a.closers) {
		failed = errors.Join(failed, end())
	}
	a.closers = nil
	return failed
}

// found reads what the installation is, or makes it, without an issuer.
func (a *app) found(ctx context.Context) (err error) {
	a.installation, err = a.store.Installation.Found(ctx, tenant.Installation{ID: tenant.NewID(), CreatedAt: tenant.Millis(a.now())})
	return err
}

// fixIssuer settles who issues the tokens, for good. Only a server that is ready to answer does that, so that neither a command
// nor a start that fails decides it.
func (a *app) fixIssuer(ctx context.Context) (err error) {
	url := a.config.PublicURL
	if a.installation.Issuer == "" {
		issuer := url
		if issuer == "" {
			issuer = "urn:uuid:" + a.installation.ID
		}
		if a.installation, err = a.store.Installation.SetIssuer(ctx, issuer); err != nil {
			return err
		}
	}
	issuer := a.installation.Issuer
	if url != "" && url != issuer {
		a.log.Warn("tokens keep the issuer of the first start", "issuer", issuer, "public_url", url)
	}
	a.minter.SetIssuer(issuer)
	return nil
}

// wire makes the rooms, each from what lies below it.
func (a *app) wire(keyFile []byte) error {
	c := a.config
	var err error
	a.pool, err = passwords.New(passwords.Options{Cost: c.BcryptCost, Now: a.now})
	if err != nil {
		return err
	}
	a.closers = append(a.closers, func() error { a.pool.Close(); return nil })
	a.keyring, err = tokens.NewKeyring(tokens.Options{
		Keys: a.store.Keys, KeyFile: keyFile, TokenTTL: c.TokenTTL, Now: a.now, Log: a.log,
	})
	if err != nil {
		return err
	}
	a.guard = access.NewGuard(access.Policy{SignupOpen: c.SignupOpen, LookupPublic: c.LookupPublic}, a.now)
	attempts := throttle.New(throttle.Options{
		Store: a.store.Throttle, MAC: a.keyring.MAC, Now: a.now, Off: !c.Throttle,
		SignUps: throttle.Rate{Burst: float64(c.SignupRate.Burst), PerSecond: c.SignupRate.PerSecond()},
	})
	secrets := credentials.New(credentials.Options{
		Pool: a.pool, Policy: passwords.Policy{Min: c.PasswordMin, CheckCommon: c.PasswordCheck}, Throttle: attempts, Log: a.log,
	})
	directory := placement.NewDirectory(a.store.Orgs, a.now)
	a.gates = placement.NewGates(directory, a.store.Instances, a.self)
	a.wireOperations(attempts, secrets, directory)
	return nil
}

// wireOperations makes the operation rooms.
func (a *app) wireOperations(attempts *throttle.Throttle, secrets *credentials.Credentials, directory *placement.Directory) {
	c, s := a.config, a.store
	a.orgs = orgs.New(orgs.Deps{
		Orgs: s.Orgs, Users: s.Users, Places: s.Places, Documents: s.Documents, Audit: s.Audit,
		Instances: s.Instances, Health: s.Health,
		Guard: a.guard, Directory: directory, Gates: a.gates, Credentials: secrets, Throttle: attempts,
		Limits: orgs.Limits{
			MaxOrganizations: c.MaxOrgs, Retention: c.DeleteRetention, Lease: c.Lease,
			Quarantine: a.quarantine(), NameQuarantine: c.NameQuarantine,
			Placement: tenant.Placement{Level: tenant.LevelCollection},
		},
		Now: a.now, Log: a.log,
	})
	a.documents = documents.New(documents.Deps{
		Documents: s.Documents, Gates: a.gates, Guard: a.guard, Quota: c.TenantBytes, Now: a.now, Log: a.log,
	})
	a.minter = tokens.NewMinter(a.keyring, a.installation.Issuer)
	a.authn = authn.New(authn.Deps{
		Users: s.Users, Operators: s.Operators, Sessions: s.Sessions, Orgs: directory, Guard: a.guard, Keyring: a.keyring,
		Minter: a.minter, Credentials: secrets, Throttle: attempts, Now: a.now,
		TokenTTL: c.TokenTTL, Log: a.log,
	})
	a.idempotency = idempotency.New(idempotency.Deps{
		Records: s.Idempotency, Guard: a.guard, MAC: a.keyring.MAC, Now: a.now, NewID: tenant.NewID,
	})
}

// levelLogins makes failed logins cost what the dearest stored hash does, also where ORGD_BCRYPT_COST was higher once.
func (a *app) levelLogins(ctx context.Context) error {
	hash, err := a.dearest(ctx)
	if err == nil {
		a.pool.NoteCost(hash)
	}
	return err
}

// newAPI makes the HTTP door.
func (a *app) newAPI() *httpapi.Server {
	c := a.config
	return httpapi.New(httpapi.Deps{
		Orgs: a.orgs, Documents: a.documents, Authn: a.authn, Idempotency: a.idempotency, Health: presentHealth{a.store.Health, a.gates},
		Apart: a.gates.Fenced, JWKS: a.keyring.JWKS, MAC: a.keyring.MAC, Registry: a.registry, Log: a.log,
	}, httpapi.Options{
		PublicURL: c.PublicURL, Hosts: c.Hosts, TrustedProxies: c.TrustedProxies, CORSOrigins: c.CORSOrigins,
		BodyLimit: c.BodyLimit, RequestTimeout: c.RequestTimeout, Docs: c.Docs,
		Metrics: c.MetricsListen == c.Listen,
	})
}

// baseURL is the URL by which people reach the API, as far as the settings and the listener tell.
func (a *app) baseURL() string {
	address := a.config.Listen
	if a.listener != nil {
		address = a.listener.String()
	}
	switch {
	case a.config.PublicURL != "":
		return a.config.PublicURL
	case a.config.TLS():
		return "https://" + localAddress(address)
	default:
		return "http://" + localAddress(address)
	}
}
