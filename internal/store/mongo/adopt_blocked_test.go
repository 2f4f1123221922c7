package mongo

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
)

// TestForeignBlocked reads who is out in the other service, of organizations, people, and admins inside an organization.
func TestForeignBlocked(t *testing.T) {
	db := openTest(t, Options{})
	other := beside(t, db)
	f := mustForeign(t, db, other.Name())
	for name, c := range map[string]struct {
		field bson.E
		want  string
	}{
		"nothing is said":    {e("role", "admin"), ""},
		"active":             {e("is_active", true), ""},
		"not active":         {e("is_active", false), "is_active"},
		"not active, as 0":   {e("active", 0), "active"},
		"not known":          {e("is_active", nil), ""},
		"disabled":           {e("disabled", true), "disabled"},
		"not disabled":       {e("disabled", false), ""},
		"not, in a text":     {e("disabled", "False"), ""},
		"deleted":            {e("is_deleted", "yes"), "is_deleted"},
		"deleted at a time":  {e("deleted_at", time.UnixMilli(0)), "deleted_at"},
		"deleted at no time": {e("deleted_at", nil), ""},
	} {
		t.Run(name, func(t *testing.T) {
			orgs, users := other.Collection("organizations"), other.Collection("users")
			must(t, orgs.Drop(t.Context()))
			must(t, users.Drop(t.Context()))
			application(t, orgs, bson.D{e("_id", "a"), c.field})
			application(t, orgs, bson.D{e("_id", "b"), e("admin", bson.D{e("email", "b@example.com"), e("password", "h"), c.field})})
			application(t, users, bson.D{e("_id", "a"), c.field})
			got := map[string]string{}
			must(t, f.Organizations(t.Context(), func(org store.ForeignOrg) error {
				got["organization "+org.IDs[0]] = org.Blocked
				if org.Owner != nil {
					got["admin of "+org.IDs[0]] = org.Owner.Blocked
				}
				return nil
			}))
			must(t, f.Users(t.Context(), func(u store.ForeignUser) error { got["user"] = u.Blocked; return nil }))
			if got["organization a"] != c.want || got["organization b"] != "" || got["admin of b"] != c.want || got["user"] != c.want || len(got) != 4 {
				t.Errorf("blocked are %v, want %q", got, c.want)
			}
		})
	}
}
