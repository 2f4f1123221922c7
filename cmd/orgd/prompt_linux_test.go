package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newTerminal returns the side of a terminal that a program has, until the test ends.
func newTerminal(t *testing.T) *os.File {
	t.Helper()
	keyboard, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keyboard.Close() })
	if err := unix.IoctlSetPointerInt(int(keyboard.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	number, err := unix.IoctlGetInt(int(keyboard.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	screen, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", number), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = screen.Close() })
	return screen
}

// modes are the terminal's, with whether it shows what is typed.
func modes(t *testing.T, terminal *os.File) (all unix.Termios, echo bool) {
	t.Helper()
	got, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	return *got, got.Lflag&unix.ECHO != 0
}

// An interrupt at the question for a password ends the command in one line, and what is typed afterwards is shown again.
func TestInterruptAtThePassword(t *testing.T) {
	t.Parallel()
	terminal, said := newTerminal(t), &text{}
	before, _ := modes(t, terminal)
	signals, exited := make(chan os.Signal, 2), make(chan int, 1)
	p := &process{
		args:  []string{"operator", "add", "--email", "ops@example.com", "--store", "sqlite:" + filepath.Join(t.TempDir(), "data")},
		stdin: terminal, stdout: said, stderr: said, signals: signals, kill: func(int) { t.Error("the command was killed") },
	}
	go func() { exited <- run(context.Background(), p) }()
	for echo := true; echo; _, echo = modes(t, terminal) {
		runtime.Gosched()
	}
	signals <- os.Interrupt
	if code := <-exited; code != exitFailed || said.String() != "Password: \norgd: interrupted\n" {
		t.Errorf("exits with %d, and says %q", code, said)
	}
	if after, _ := modes(t, terminal); after != before {
		t.Errorf("the terminal is left as %+v, and was %+v", after, before)
	}
}

// So does one where the password comes from elsewhere, and does not come.
func TestInterruptAtAPipe(t *testing.T) {
	t.Parallel()
	silent, keep, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = keep.Close() })
	said, signals := &text{}, make(chan os.Signal, 2)
	signals <- os.Interrupt
	code := run(context.Background(), &process{
		args:  []string{"operator", "add", "--email", "ops@example.com", "--store", "sqlite:" + filepath.Join(t.TempDir(), "data")},
		stdin: silent, stdout: said, stderr: said, signals: signals, kill: func(int) { t.Error("the command was killed") },
	})
	if code != exitFailed || strings.TrimSpace(said.String()) != "orgd: interrupted" {
		t.Errorf("exits with %d, and says %q", code, said)
	}
}
