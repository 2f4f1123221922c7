package main

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"
)

// jobs are what a server does by itself. They begin and end together.
type jobs struct {
	running sync.WaitGroup
	stop    context.CancelFunc
}

// job is one of them: do runs every so often, the first time at once.
type job struct {
	name  string
	every time.Duration
	do    func(ctx context.Context) error
}

const (
	purgeBatch   = 100
	recoverEvery = 5 * time.Second
)

// jobs returns what there is to do for the app.
func (a *app) jobs() []job {
	return []job{
		{"purge deleted organizations", time.Minute, func(ctx context.Context) error {
			return inBatches(func() (int, error) { return a.orgs.PurgeDue(ctx, purgeBatch) })
		}},
		{"free physical names after their quarantine", 30 * time.Second, func(ctx context.Context) error {
			_, err := a.orgs.SettleDue(ctx, purgeBatch)
			return err
		}},
		{"look for data of no organization", 24 * time.Hour, func(ctx context.Context) error {
			return reportOrphans(ctx, a.orphans, a.log)
		}},
		{"purge expired sessions and keys", 10 * time.Minute, a.authn.PurgeExpired},
		{"purge expired idempotency records", 10 * time.Minute, func(ctx context.Context) error {
			return inBatches(func() (int, error) {
				return a.store.Idempotency.PurgeExpired(ctx, a.now(), purgeBatch)
			})
		}},
	}
}

// reportOrphans logs data that belongs to no organization. Nothing of orgd's leaves any, so a person should look at it; it
// is never removed.
func reportOrphans(ctx context.Context, find func(context.Context) ([]string, error), log *slog.Logger) error {
	list, err := settled(ctx, find)
	reportEach(list, func(what slog.Attr) {
		log.Warn("data belongs to no organization; look at it and move it away", what)
	})
	return err
}

// maxReported is how many findings of a look the log names; a folder of somebody else's would fill it.
const maxReported = 20

// reportEach has a line logged for each of the data, up to a bound, and one for the number of the others.
func reportEach(data []string, line func(what slog.Attr)) {
	for _, name := range data[:min(len(data), maxReported)] {
		line(slog.String("data", name))
	}
	if more := len(data) - maxReported; more > 0 {
		line(slog.Int("more", more))
	}
}

// settled returns what two looks find. What one alone finds may be on its way at that moment.
func settled(ctx context.Context, find func(context.Context) ([]string, error)) ([]string, error) {
	first, err := find(ctx)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	seen := make(map[string]bool, len(first))
	for _, name := range first {
		seen[name] = true
	}
	second, err := find(ctx)
	return slices.DeleteFunc(second, func(name string) bool { return !seen[name] }), err
}

// inBatches repeats what does at most purgeBatch at once until it does less.
func inBatches(do func() (int, error)) error {
	for {
		n, err := do()
		if err != nil || n < purgeBatch {
			return err
		}
	}
}

// startJobs begins the jobs and the recovery of operations. They end when ctx does, or by end.
func startJobs(ctx context.Context, a *app) *jobs {
	ctx, stop := context.WithCancel(ctx)
	j := &jobs{stop: stop}
	for _, one := range a.jobs() {
		j.running.Go(func() { one.repeat(ctx, a.log) })
	}
	j.running.Go(func() { a.orgs.RunRecovery(ctx, recoverEvery) })
	return j
}

// recoverAll finishes, or takes back, what a server before this one left behind. What fails for one organization must not keep
// people from all the others.
func (a *app) recoverAll(ctx context.Context) {
	if err := a.orgs.Recover(ctx); err != nil {
		a.log.Error("an operation could not be recovered; it is tried again", "error", oneLine(err))
	}
}

// end asks the jobs to stop and waits for them.
func (j *jobs) end() {
	j.stop()
	j.running.Wait()
}

// repeat runs the job until ctx ends. A failure is logged and the next turn tries again.
func (j job) repeat(ctx context.Context, log *slog.Logger) {
	turns := time.NewTicker(j.every)
	defer turns.Stop()
	for {
		if err := j.do(ctx); err != nil && ctx.Err() == nil {
			log.Error("a job failed; it is tried again", "job", j.name, "error", oneLine(err))
		}
		select {
		case <-turns.C:
		case <-ctx.Done():
			return
		}
	}
}
