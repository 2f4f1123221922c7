package mongo

import (
	"testing"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// A write of a transfer whose answer is lost is made again, and has taken effect once.
func TestLostAnswersOfATransfer(t *testing.T) {
	t.Parallel()
	closed := tenant.Standing{Phase: tenant.PhaseClosed, Since: noon}
	docs := []tenant.Document{{ID: "doc", Version: 4, Data: tenant.Data(`{"n":4}`), WriteID: "w"}, {ID: "new", Version: 1, Data: tenant.Data(`{}`)}}
	loaded := func(t *testing.T, w *world) bool {
		t.Helper()
		list := scan(t, w.Transfer.Homes, store.Home{Place: w.place}, 9)
		return len(list) == 2 && list[0].Version == 4 && string(list[0].Data) == `{"n":4}`
	}
	standing := func(want tenant.Standing) func(t *testing.T, w *world) bool {
		return func(t *testing.T, w *world) bool {
			t.Helper()
			got, err := w.Transfer.Standing.Get(t.Context())
			return err == nil && got == want
		}
	}
	for name, c := range map[string]struct {
		command string
		act     func(t *testing.T, w *world) error
		is      func(t *testing.T, w *world) bool
	}{
		"add organizations": {"insert", func(t *testing.T, w *world) error {
			return w.Transfer.Orgs.Add(t.Context(), []tenant.Organization{newOrg(), w.org, newOrg()})
		}, func(t *testing.T, w *world) bool { return len(all(t, w.Transfer.Orgs, 9)) == 3 }},
		"add to the log": {"insert", func(t *testing.T, w *world) error {
			return w.Transfer.Audit.Add(t.Context(), linked(w.org.ID, 3))
		}, func(t *testing.T, w *world) bool { return len(all(t, w.Transfer.Audit, 9)) == 3 }},
		"clear sessions": {"delete", func(t *testing.T, w *world) error {
			return w.Transfer.Sessions.Clear(t.Context())
		}, func(t *testing.T, w *world) bool { return len(all(t, w.Transfer.Sessions, 9)) == 0 }},
		"load, the inserts": {"insert", func(t *testing.T, w *world) error {
			return w.Transfer.Homes.Load(t.Context(), w.place, docs)
		}, loaded},
		"load, the replacements": {"update", func(t *testing.T, w *world) error {
			return w.Transfer.Homes.Load(t.Context(), w.place, docs)
		}, loaded},
		"remove": {"delete", func(t *testing.T, w *world) error {
			return w.Transfer.Homes.Remove(t.Context(), w.place, []tenant.DocumentID{"doc", "new"})
		}, holding(0)},
		"the first standing": {"insert", func(t *testing.T, w *world) error {
			return w.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, closed)
		}, standing(closed)},
		"the next one": {"update", func(t *testing.T, w *world) error {
			must(t, w.Transfer.Standing.Swap(t.Context(), tenant.Standing{}, closed))
			return w.Transfer.Standing.Swap(t.Context(), closed, tenant.Standing{})
		}, standing(tenant.Standing{})},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			// As the records of w have it, the organization is at the version of its insert.
			w.org.Version = 1
			w.net.lose(c.command)
			if err := c.act(t, w); err != nil {
				t.Errorf("with its answer lost: %v", err)
			}
			if n := w.net.count(); n != 1 {
				t.Errorf("%d answers of %s were lost, want 1", n, c.command)
			}
			if !c.is(t, w) {
				t.Errorf("the store does not show what was done")
			}
		})
	}
}
