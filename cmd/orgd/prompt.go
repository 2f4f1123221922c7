package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds what is read; what a password may be is decided elsewhere.
const maxPassword = 1 << 10

// readPassword asks for a new password twice without showing it, or takes one line where standard input is no terminal. It ends
// with ctx, and leaves the terminal as it was.
func (p *process) readPassword(ctx context.Context) (string, error) {
	terminal, ok := p.stdin.(*os.File)
	if !ok || !isTerminal(terminal) {
		return entered(ctx, func() (string, error) { return readLine(p.stdin) })
	}
	first, err := p.ask(ctx, terminal, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := p.ask(ctx, terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func (p *process) ask(ctx context.Context, terminal *os.File, question string) (string, error) {
	fd := int(terminal.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	_, _ = fmt.Fprint(p.stderr, question)
	text, err := entered(ctx, func() (string, error) {
		text, err := term.ReadPassword(fd)
		return string(text), err
	})
	if ctx.Err() != nil {
		_ = term.Restore(fd, before) // who reads still hides what is typed
	}
	_, _ = fmt.Fprintln(p.stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return text, nil
}

// entered returns what read returns, or ctx's error. No reader of a terminal can be woken: what ctx has ended reads until the
// process is over.
func entered(ctx context.Context, read func() (string, error)) (string, error) {
	type line struct {
		text string
		err  error
	}
	lines := make(chan line, 1)
	go func() {
		text, err := read()
		lines <- line{text, err}
	}()
	select {
	case got := <-lines:
		return got.text, got.err
	case <-ctx.Done():
		return "", ctx.Err()
	}
}

// readLine returns the first line, without its end.
func readLine(from io.Reader) (string, error) {
	line, err := bufio.NewReader(io.LimitReader(from, maxPassword)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the password from standard input: %w", err)
	}
	switch line = strings.TrimRight(line, "\r\n"); {
	case line == "":
		return "", errors.New("there is no password on standard input")
	case len(line) == maxPassword:
		return "", errors.New("the password on standard input is too long") // and must not be cut
	default:
		return line, nil
	}
}
