// Command orgd is the organization service and its administration: it reads the configuration, wires the rooms to a store
// and serves them, or does one administration command.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	keepFilesPrivate()
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	os.Exit(run(context.Background(), &process{
		args: os.Args[1:], env: os.Environ(), stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr,
		signals: signals, kill: os.Exit, now: time.Now,
	}))
}
