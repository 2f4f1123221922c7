package documents_test

import (
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/tenant"
)

// An organization that should have its data and has not is a case for an operator, whatever is asked of it: its callers do not
// hear that a document is missing, and the log tells of it, once a minute.
func TestLostPlace(t *testing.T) {
	w := newWorld(t, 0)
	if err := w.faults.Store().Places.Trash(t.Context(), w.org.Place(), tenant.OperationID(tenant.NewID())); err != nil {
		t.Fatal(err)
	}
	ctx, owner := t.Context(), w.owner()
	acts := map[string]func() error{
		"get":  func() error { _, err := w.docs.Get(ctx, owner, w.ref("a")); return err },
		"list": func() error { _, _, err := w.docs.List(ctx, owner, w.org.ID, "", 1); return err },
		"create": func() error {
			_, err := w.docs.Create(ctx, owner, w.org.ID, tenant.Data(`{}`), documents.IDs{})
			return err
		},
		"put": func() error { _, _, err := w.put("a", `{}`, documents.Condition{}); return err },
		"put a new one": func() error {
			_, _, err := w.put("a", `{}`, documents.Condition{IfAbsent: true})
			return err
		},
		"patch": func() error {
			_, err := w.docs.Patch(ctx, owner, w.ref("a"), []byte(`{}`), documents.Condition{})
			return err
		},
		"delete": func() error { return w.docs.Delete(ctx, owner, w.ref("a"), tenant.Revision{}) },
	}
	for act, do := range acts {
		err := do()
		wantCode(t, err, tenant.CodeUnavailable, act)
		if err != nil && !strings.Contains(err.Error(), "an operator must look for it") {
			t.Errorf("%s says %v", act, err)
		}
	}
	w.toldOf(1, "after all of them")
	w.passed.Store(int64(time.Minute))
	for range 2 {
		wantCode(t, acts["get"](), tenant.CodeUnavailable, "get a minute later")
	}
	w.toldOf(2, "a minute later")
}

// toldOf complains unless the log has so many lines, each with what an operator needs.
func (w *world) toldOf(lines int, when string) {
	w.t.Helper()
	log := w.log.String()
	for _, part := range []string{"level=ERROR", "organization=" + string(w.org.ID), "from a backup"} {
		if n := strings.Count(log, part); n != lines {
			w.t.Errorf("%s the log has %q %d times, want %d: %s", when, part, n, lines, log)
		}
	}
}

// A document that is not there says nothing of the place.
func TestMissingDocumentIsNoLoss(t *testing.T) {
	w := newWorld(t, 0)
	_, err := w.docs.Get(t.Context(), w.owner(), w.ref("a"))
	wantCode(t, err, tenant.CodeNotFound, "get of nothing")
	w.toldOf(0, "after it")
}
