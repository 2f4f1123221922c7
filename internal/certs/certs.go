// Package certs owns the server's TLS certificate: it reads the pair of files that the configuration names and reads them
// again when they change, so that a renewed certificate needs no restart. Only the commands use it.
//
// The invariant: once a good pair was read there always is one. A pair that does not fit, is cut short or cannot be read
// leaves the one before it in use and is logged once, and a later good one is taken as soon as it is there.
package certs

import (
	"bytes"
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// CheckEvery is how often the files are looked at, at most: a handshake that finds the last look older than this looks
// again. A change is told by the files' content, since times and sizes can stay the same.
const CheckEvery = 3 * time.Second

// Pair is a certificate and key on disk. It is safe for concurrent use.
type Pair struct {
	certFile, keyFile string
	now               func() time.Time
	log               *slog.Logger

	current atomic.Pointer[tls.Certificate]

	// mu is held by the one handshake that looks at the files; others take the current certificate meanwhile.
	mu     sync.Mutex
	looked time.Time
	seen   content // what the last look found, good or bad
}

// content is what two files held, or why they could not be read.
type content struct {
	cert, key []byte
	problem   string
}

func (c content) equal(other content) bool {
	return bytes.Equal(c.cert, other.cert) && bytes.Equal(c.key, other.key) && c.problem == other.problem
}

// Load reads the pair for the first time. The error names the file or says that the two do not fit.
func Load(certFile, keyFile string, now func() time.Time, log *slog.Logger) (*Pair, error) {
	p := &Pair{certFile: certFile, keyFile: keyFile, now: now, log: log, looked: now()}
	p.seen = p.read()
	cert, err := p.parse(p.seen)
	if err != nil {
		return nil, err
	}
	p.current.Store(cert)
	return p, nil
}

// TLS returns the settings of a listener that serves the pair.
func (p *Pair) TLS() *tls.Config {
	return &tls.Config{
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) {
			p.look()
			return p.current.Load(), nil
		},
	}
}

// look reads the files again if it is time and nobody else does.
func (p *Pair) look() {
	if !p.mu.TryLock() {
		return
	}
	defer p.mu.Unlock()
	now := p.now()
	if now.Sub(p.looked) < CheckEvery {
		return
	}
	p.looked = now
	found := p.read()
	if found.equal(p.seen) {
		return
	}
	p.seen = found
	cert, err := p.parse(found)
	if err != nil {
		p.log.Error("the changed TLS certificate cannot be used; the one before it stays", "error", err.Error())
		return
	}
	p.current.Store(cert)
	p.log.Info("TLS certificate read again", "file", p.certFile, "expires", cert.Leaf.NotAfter)
}

func (p *Pair) read() content {
	var c content
	var err error
	if c.cert, err = os.ReadFile(p.certFile); err == nil {
		c.key, err = os.ReadFile(p.keyFile)
	}
	if err != nil {
		c.problem = err.Error()
	}
	return c
}

func (p *Pair) parse(c content) (*tls.Certificate, error) {
	if c.problem != "" {
		return nil, fmt.Errorf("cannot read the TLS certificate: %s", c.problem)
	}
	cert, err := tls.X509KeyPair(c.cert, c.key)
	if err != nil {
		return nil, fmt.Errorf("%s and %s are not a TLS certificate and its key: %w", p.certFile, p.keyFile, err)
	}
	return &cert, nil
}
