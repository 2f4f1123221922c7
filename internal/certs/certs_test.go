package certs_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/certs"
)

// story is a pair of files, a clock, and what was logged.
type story struct {
	t         *testing.T
	cert, key string
	now       time.Time
	log       bytes.Buffer
	pair      *certs.Pair
}

func newStory(t *testing.T) *story {
	t.Helper()
	dir := t.TempDir()
	s := &story{t: t, cert: filepath.Join(dir, "cert.pem"), key: filepath.Join(dir, "key.pem"), now: time.Unix(1000, 0)}
	s.write(newPair(t, "first"))
	var err error
	s.pair, err = certs.Load(s.cert, s.key, func() time.Time { return s.now }, slog.New(slog.NewTextHandler(&s.log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func (s *story) write(cert, key []byte) {
	s.t.Helper()
	for name, text := range map[string][]byte{s.cert: cert, s.key: key} {
		if err := os.WriteFile(name, text, 0o600); err != nil {
			s.t.Fatal(err)
		}
	}
}

// served returns whose certificate a handshake gets.
func (s *story) served() string {
	s.t.Helper()
	cert, err := s.pair.TLS().GetCertificate(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return cert.Leaf.Subject.CommonName
}

func (s *story) wantServed(name string) {
	s.t.Helper()
	if got := s.served(); got != name {
		s.t.Errorf("a handshake gets the certificate %q, want %q; log:\n%s", got, name, &s.log)
	}
}

func (s *story) wantLogged(text string, times int) {
	s.t.Helper()
	if got := strings.Count(s.log.String(), text); got != times {
		s.t.Errorf("%q is logged %d times, want %d:\n%s", text, got, times, &s.log)
	}
}

// newPair makes a certificate that signs itself.
func newPair(t *testing.T, name string) (certPEM, keyPEM []byte) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Unix(0, 0), NotAfter: time.Unix(1<<33, 0),
	}
	cert, err := x509.CreateCertificate(rand.Reader, &template, &template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}),
		pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func TestChangedPairIsTakenAtTheNextLook(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(newPair(t, "second"))
	s.now = s.now.Add(certs.CheckEvery - 1)
	s.wantServed("first")
	s.now = s.now.Add(1)
	s.wantServed("second")
	s.wantLogged("TLS certificate read again", 1)
}

func TestBadPairLeavesTheOneBefore(t *testing.T) {
	t.Parallel()
	good, key := newPair(t, "second")
	for name, spoil := range map[string]func(s *story){
		"certificate before its key": func(s *story) {
			if err := os.WriteFile(s.cert, good, 0o600); err != nil {
				t.Error(err)
			}
		},
		"cut short":    func(s *story) { s.write(good[:len(good)/2], key) },
		"empty":        func(s *story) { s.write(nil, nil) },
		"not there":    func(s *story) { _ = os.Remove(s.cert) },
		"key is there": func(s *story) { _ = os.Remove(s.key) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newStory(t)
			spoil(s)
			for range 3 {
				s.now = s.now.Add(certs.CheckEvery)
				s.wantServed("first")
			}
			s.wantLogged("cannot be used", 1)
			s.write(good, key)
			s.now = s.now.Add(certs.CheckEvery)
			s.wantServed("second")
		})
	}
}

func TestUnchangedPairIsNotLogged(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	for range 5 {
		s.now = s.now.Add(certs.CheckEvery)
		s.wantServed("first")
	}
	if s.log.Len() != 0 {
		t.Errorf("nothing changed, and the log says:\n%s", &s.log)
	}
}

func TestFirstPairMustBeGood(t *testing.T) {
	t.Parallel()
	cert, key := newPair(t, "one")
	_, other := newPair(t, "two")
	for name, files := range map[string][2][]byte{"another's key": {cert, other}, "swapped": {key, cert}, "empty": {}} {
		dir := t.TempDir()
		c, k := filepath.Join(dir, "cert"), filepath.Join(dir, "key")
		if err := os.WriteFile(c, files[0], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := certs.Load(c, k, time.Now, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), "cannot read") {
			t.Errorf("%s: got %v, want an error about the file that is not there", name, err)
		}
		if err := os.WriteFile(k, files[1], 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := certs.Load(c, k, time.Now, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), c) {
			t.Errorf("%s: got %v, want an error that names the files", name, err)
		}
	}
}

func TestConcurrentHandshakes(t *testing.T) {
	t.Parallel()
	s := newStory(t)
	s.write(newPair(t, "second"))
	s.now = s.now.Add(certs.CheckEvery)
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if cert, err := s.pair.TLS().GetCertificate(nil); err != nil || cert == nil {
				t.Errorf("a handshake gets %v, %v", cert, err)
			}
		})
	}
	wg.Wait()
	s.wantServed("second")
}

func TestOldProtocolsAreRefused(t *testing.T) {
	t.Parallel()
	if v := newStory(t).pair.TLS().MinVersion; v != tls.VersionTLS12 {
		t.Errorf("least version %x, want TLS 1.2", v)
	}
}
