package examples_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os/exec"
	"testing"
	"time"
)

// verifier is an example that runs while tokens come, as it would within an application.
type verifier struct {
	t       *testing.T
	tokens  io.Writer
	answers *bufio.Scanner
	// errors is what the program says besides; it is complete once the program has ended.
	errors *bytes.Buffer
	wait   func() error
}

// start runs a program for the members of one organization.
func start(t *testing.T, p program, issuer, jwks, org string) *verifier {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, p.name, append(p.args, issuer, jwks, org)...)
	v := &verifier{t: t, errors: &bytes.Buffer{}, wait: cmd.Wait}
	cmd.Dir, cmd.Stderr = p.dir, v.errors
	tokens, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	answers, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	v.tokens, v.answers = tokens, bufio.NewScanner(answers)
	t.Cleanup(func() {
		_ = tokens.Close()
		_ = cmd.Wait()
	})
	return v
}

// says returns what the program prints for a token.
func (v *verifier) says(token string) string {
	v.t.Helper()
	if _, err := io.WriteString(v.tokens, token+"\n"); err != nil {
		v.t.Errorf("send a token: %v", err)
	}
	if !v.answers.Scan() {
		v.t.Fatalf("the program ended: %v\n%s", v.wait(), v.errors)
	}
	return v.answers.Text()
}

// eventually asks about a token until the answer is as wanted, for longer than the programs pause between two fetches.
func (v *verifier) eventually(token, want string) {
	v.t.Helper()
	look := time.NewTicker(100 * time.Millisecond)
	defer look.Stop()
	late := time.After(time.Minute)
	for {
		said := v.says(token)
		if said == want {
			return
		}
		select {
		case <-look.C:
		case <-late:
			v.t.Fatalf("the program still says %q instead of %q", said, want)
		}
	}
}
