package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

func TestJobIsRepeatedAlsoAfterAFailure(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		turns := 0
		one := job{"a job", time.Minute, func(context.Context) error {
			turns++
			if turns == 1 {
				return errors.New("the disk\nis full")
			}
			return nil
		}}
		ctx, cancel := context.WithTimeout(t.Context(), 150*time.Second)
		defer cancel()
		one.repeat(ctx, slog.New(slog.NewTextHandler(&log, nil)))
		if turns != 3 || strings.Count(log.String(), `job="a job" error="the disk is full"`) != 1 {
			t.Errorf("%d turns in two minutes and a half, and a log of:\n%s", turns, &log)
		}
	})
}

func TestBatchesGoOnUntilOneIsNotFull(t *testing.T) {
	t.Parallel()
	left, calls := 2*purgeBatch+1, 0
	err := inBatches(func() (int, error) {
		calls++
		n := min(left, purgeBatch)
		left -= n
		return n, nil
	})
	if err != nil || left != 0 || calls != 3 {
		t.Errorf("%d left after %d calls, %v", left, calls, err)
	}
	broken := errors.New("broken")
	if err := inBatches(func() (int, error) { return purgeBatch, broken }); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

func TestOrphansAreReportedWhenSeenTwice(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	looks := [][]string{{"tenants/left.db", "tenants/moving.db"}, {"tenants/left.db", "trash/moving.db"}}
	find := func(context.Context) ([]string, error) {
		seen := looks[0]
		looks = looks[1:]
		return seen, nil
	}
	if err := reportOrphans(t.Context(), find, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, "tenants/left.db") || strings.Contains(got, "moving") {
		t.Errorf("the log says:\n%s", got)
	}
}

// Where everything is a stray, as in somebody else's folder, the log has the first of it and how much more there is.
func TestManyOrphansAreCounted(t *testing.T) {
	t.Parallel()
	all := make([]string, 100_000)
	for i := range all {
		all[i] = strconv.Itoa(i)
	}
	var log bytes.Buffer
	find := func(context.Context) ([]string, error) { return slices.Clone(all), nil }
	if err := reportOrphans(t.Context(), find, slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(log.String(), "\n"); lines != maxReported+1 || !strings.Contains(log.String(), "more=99980") {
		t.Errorf("the log has %d lines, which end with %.200s", lines, log.String()[max(0, log.Len()-200):])
	}
}

// TestJobsRemoveWhatIsOver lets each of a server's jobs have a turn while things last, and another one when their time is over.
func TestJobsRemoveWhatIsOver(t *testing.T) {
	t.Parallel()
	s := launch(t, "ORGD_DELETE_RETENTION=48h")
	a := s.server.app
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	acme, err := a.orgs.Create(t.Context(), access.Caller{}, orgs.NewOrganization{
		Name: "Acme", Email: "ada@acme.example", Password: "correct horse battery staple",
	})
	must(err)
	ada := access.Caller{Kind: tenant.ActorMember, User: acme.Owners[0], Org: acme.ID, Role: tenant.RoleOwner}
	must(a.orgs.Delete(t.Context(), ada, acme.ID, acme.Version))
	soon := tenant.Millis(s.now().Add(time.Hour))
	must(a.store.Sessions.Insert(t.Context(), tenant.Session{ID: "session", ExpiresAt: soon}))
	record := store.IdempotencyRecord{Key: "key", Caller: "ada", Fingerprint: "body", ExpiresAt: soon}
	remembered := func() bool {
		t.Helper()
		_, fresh, err := a.store.Idempotency.Begin(t.Context(), record, soon.Add(-time.Hour), 10)
		must(err)
		return !fresh
	}
	if remembered() {
		t.Fatal("there was a record before there was a request")
	}
	turn := func() {
		t.Helper()
		for _, one := range a.jobs() {
			must(one.do(t.Context()))
		}
	}

	turn()
	if _, err := a.store.Orgs.Get(t.Context(), acme.ID); err != nil {
		t.Errorf("the organization is gone before its time: %v", err)
	}
	if _, err := a.store.Sessions.Get(t.Context(), "session"); err != nil {
		t.Errorf("the session is gone before its time: %v", err)
	}
	if !remembered() {
		t.Error("the request is forgotten before its time")
	}

	s.later.Add(int64(49 * time.Hour))
	turn()
	if _, err := a.store.Orgs.Get(t.Context(), acme.ID); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the organization is not gone: %v", err)
	}
	if _, err := a.store.Sessions.Get(t.Context(), "session"); !tenant.IsCode(err, tenant.CodeNotFound) {
		t.Errorf("the session is not gone: %v", err)
	}
	if remembered() {
		t.Error("the request is not forgotten")
	}
}
