package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"
)

// maxPassword bounds what is read; what a password may be is decided elsewhere.
const maxPassword = 1 << 10

// readPassword asks for a new password twice without showing it, or takes one line where standard input is no terminal.
func (p *process) readPassword() (string, error) {
	terminal, ok := p.stdin.(*os.File)
	if !ok || !isTerminal(terminal) {
		return readLine(p.stdin)
	}
	first, err := p.ask(terminal, "Password: ")
	if err != nil {
		return "", err
	}
	again, err := p.ask(terminal, "Again: ")
	if err != nil {
		return "", err
	}
	if first != again {
		return "", errors.New("the two passwords differ")
	}
	return first, nil
}

func (p *process) ask(terminal *os.File, question string) (string, error) {
	_, _ = fmt.Fprint(p.stderr, question)
	text, err := term.ReadPassword(int(terminal.Fd()))
	_, _ = fmt.Fprintln(p.stderr)
	if err != nil {
		return "", fmt.Errorf("read the password: %w", err)
	}
	return string(text), nil
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
