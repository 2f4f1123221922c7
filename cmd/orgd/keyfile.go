package main

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"
)

// keyBytes is how long the key in ORGD_KEY_FILE is.
const keyBytes = 32

// keysFile makes a file for ORGD_KEY_FILE.
type keysFile struct {
	Path string `arg:"" help:"Where to make it; something that exists is never replaced."`
}

// Help teaches the command.
func (keysFile) Help() string {
	return `The file holds 32 random bytes in base64 and is readable for you alone. With ORGD_KEY_FILE naming it, signing keys lie in
the store, and in backups, in encrypted form only. Keep a copy apart from the backups: without it the signing keys are lost,
and "orgd keys renew" must make new ones, but no data.

Example:

    orgd keys file /etc/orgd/key
    ORGD_KEY_FILE=/etc/orgd/key orgd`
}

// Run makes the file.
func (c *keysFile) Run(p *process) error {
	file, err := os.OpenFile(c.Path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s exists already and stays as it is", c.Path)
	}
	if err != nil {
		return fmt.Errorf("make the key file: %w", err)
	}
	key := make([]byte, keyBytes)
	_, _ = rand.Read(key) // never fails
	_, err = fmt.Fprintln(file, base64.StdEncoding.EncodeToString(key))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		_ = os.Remove(c.Path) // half a key is none
		return fmt.Errorf("write the key file: %w", err)
	}
	_, err = fmt.Fprintf(p.stdout, "Made %s. Set ORGD_KEY_FILE to it and keep a copy apart from the backups.\n", c.Path)
	return err
}

// readKeyFile returns the key that ORGD_KEY_FILE names, nil if it names none. Errors never repeat what the file holds.
func readKeyFile(name string) ([]byte, error) {
	if name == "" {
		return nil, nil
	}
	text, err := os.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("read ORGD_KEY_FILE: there is no file %s; if it is lost, make another with \"orgd keys file PATH\", and new keys with \"orgd keys renew\"", name)
	}
	if err != nil {
		return nil, fmt.Errorf("read ORGD_KEY_FILE: %w", err)
	}
	key, err := base64.StdEncoding.DecodeString(strings.TrimSpace(string(text)))
	if err != nil || len(key) != keyBytes {
		return nil, fmt.Errorf("ORGD_KEY_FILE: %s must hold 32 random bytes in base64; make one with: orgd keys file PATH", name)
	}
	return key, nil
}
