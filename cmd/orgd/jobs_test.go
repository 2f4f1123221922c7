package main

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
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
