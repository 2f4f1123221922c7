// Package config owns what an installation can set: one table of settings, from which the flags of --help, env.example and
// README.md's table are made, and one [Load] that reads them. Only the commands in cmd import it.
//
// A value comes from the first of flag, environment variable, .env file and default that is not empty. The invariant: a
// [Config] that Load returned is valid, also where settings depend on each other (LoadApart looks at each alone); and no
// error, report or generated text holds the secret part of a value.
package config

import (
	"log/slog"
	"net/netip"
	"time"
)

// Config is every setting of one start, parsed and checked. Zero means what the setting's help says of it.
type Config struct {
	// Listen and MetricsListen are HOST:PORT; MetricsListen is empty where metrics are off.
	Listen        string
	MetricsListen string
	// PublicURL is the absolute URL by which clients reach the API, without a slash at its end; empty if not set.
	PublicURL string
	// Hosts are host names, lower-cased and without port, that requests may name besides the public one and loopback.
	Hosts          []string
	TLSCert        string
	TLSKey         string
	BehindTLS      bool
	TrustedProxies []netip.Prefix
	CORSOrigins    []string
	RequestTimeout time.Duration
	BodyLimit      int64

	Store Store
	// Database is the name of the catalog's database on MongoDB.
	Database        string
	TenantBytes     int64
	MaxOrgs         int64
	DeleteRetention time.Duration
	Lease           time.Duration
	NameQuarantine  time.Duration

	KeyFile       string
	TokenTTL      time.Duration
	BcryptCost    int
	PasswordMin   int
	PasswordCheck bool
	SignupOpen    bool
	SignupRate    Rate
	LookupPublic  bool
	Throttle      bool

	Docs     bool
	LogJSON  bool
	LogLevel slog.Level
}

// Rate is a bucket: Burst acts at once, given back evenly over Per.
type Rate struct {
	Burst int
	Per   time.Duration
}

// PerSecond returns how many acts the bucket gives back each second.
func (r Rate) PerSecond() float64 { return float64(r.Burst) / r.Per.Seconds() }

// TLS reports whether the listeners speak TLS themselves.
func (c *Config) TLS() bool { return c.TLSCert != "" }
