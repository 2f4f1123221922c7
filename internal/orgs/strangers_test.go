package orgs_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// crowded are places where somebody else's data stands at one name, and something turns up at another whenever that is looked at.
type crowded struct {
	store.Places
	taken, noisy string

	mu    sync.Mutex
	swept []string
}

func (c *crowded) Rename(ctx context.Context, from, to tenant.Place) error {
	if to.Placement.Namespace == c.taken {
		return tenant.Errorf(tenant.CodeConflict, "the place of the organization's data is taken by something else")
	}
	return c.Places.Rename(ctx, from, to)
}

func (c *crowded) Restore(ctx context.Context, op tenant.OperationID, place tenant.Place) error {
	if place.Placement.Namespace == c.taken {
		return tenant.Errorf(tenant.CodeConflict, "the place of the organization's data is taken by something else")
	}
	return c.Places.Restore(ctx, op, place)
}

func (c *crowded) Sweep(ctx context.Context, namespace string, place tenant.Place, op tenant.OperationID) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.swept = append(c.swept, namespace)
	found, err := c.Places.Sweep(ctx, namespace, place, op)
	return found || namespace == c.noisy, err
}

// What stands where an organization wanted to go, and was refused, is somebody else's: nobody looks there for what may be late, however
// unclean the end was.
func TestStrangerInTheWayIsLeftAlone(t *testing.T) {
	t.Parallel()
	s := open(t)
	in := &crowded{Places: s.Places, taken: "org_beta"}
	s.Places = in
	h := haunt(t, s)
	acme := h.create("Acme", ada)
	h.write(acme, `{"n":1}`)
	_, err := h.orgs.Update(t.Context(), owner(acme), acme.ID, orgs.Change{Name: new("Beta")})
	wantCode(t, err, tenant.CodeConflict, "rename to where somebody else's data stands")
	for range 3 {
		h.settle(2 * time.Hour)
	}
	h.at(acme.ID, "org_acme", 1)
	if err := h.orgs.Delete(t.Context(), owner(acme), acme.ID, 0); err != nil {
		t.Fatal(err)
	}
	_, err = h.orgs.Restore(t.Context(), operator(), acme.ID, orgs.RestoreAs{Name: new("Beta")})
	wantCode(t, err, tenant.CodeConflict, "restore to where somebody else's data stands")
	for range 3 {
		h.settle(2 * time.Hour)
	}
	if slices.Contains(in.swept, "org_beta") || !slices.Contains(in.swept, "org_acme") {
		t.Errorf("looked at were %v", in.swept)
	}
}

// Where applications write, it never gets quiet; the name is theirs for good, so that nobody waits for that.
func TestKeptNameNeedsNoQuiet(t *testing.T) {
	t.Parallel()
	s := open(t)
	in := &crowded{Places: s.Places, noisy: "org_legacy"}
	s.Places = in
	h := haunt(t, s, retention(time.Minute))
	h.exorcise()
	acme := h.rename(h.adopted(true), "Beta")
	for range 3 {
		h.settle(2 * time.Hour)
	}
	if acme = h.get(acme.ID); len(acme.Quarantine) > 0 || !acme.Keeps("org_legacy") {
		t.Errorf("it waits with %v and keeps %v", acme.Quarantine, acme.Kept)
	}
	if !slices.Contains(in.swept, "org_legacy") {
		t.Errorf("looked at were %v", in.swept)
	}
}
