package e2e

import (
	"net/http"
	"testing"

	"github.com/orgd/orgd/api"
)

// TestAdoptBeyondTenantBytes adopts an organization that holds more than an organization may: it reads and deletes, and takes new
// data when the limit is raised.
func TestAdoptBeyondTenantBytes(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, "ORGD_TENANT_BYTES=64")
	o := oldServiceOf(t, s, "large")
	name := o.numbered(1)[0]
	o.adopt(0, "--writers-stopped")
	m := s.member(name, "tenant_0@old.example")
	if got := len(m.documents()); got != shown {
		t.Errorf("it reads %d documents, want %d", got, shown)
	}
	m.write("new", fields{"n": 1}).refused(http.StatusForbidden, api.CodeQuota)
	m.delete(documentsOf(m.org.ID, "settings")).is(http.StatusNoContent)
	s.env = append(s.env, "ORGD_TENANT_BYTES=1MiB")
	s.restart()
	m.signIn(s)
	m.write("new", fields{"n": 1}).is(http.StatusCreated)
}
