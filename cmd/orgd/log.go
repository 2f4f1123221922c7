package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/logging"
)

// lastLines is how long the last log lines may take when the process ends.
const lastLines = time.Second

// loudness is the least level that a command logs, whatever the settings say.
type loudness slog.Level

const (
	// loud is a server's: as the settings say.
	loud = loudness(slog.LevelDebug)
	// quiet is that of a command whose output a person reads.
	quiet = loudness(slog.LevelWarn)
)

// newLog makes the log on standard error.
func newLog(p *process, c *config.Config, least loudness) *logging.Log {
	return logging.New(logging.Options{Out: p.stderr, JSON: c.LogJSON, Level: max(c.LogLevel, slog.Level(least))})
}

// closeLog writes the last lines, also where ctx is over.
func closeLog(ctx context.Context, log *logging.Log) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastLines)
	defer cancel()
	_ = log.Close(ctx) // nobody is left to hear of lines that a stuck output did not take
}
