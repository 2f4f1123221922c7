package sqlite

import (
	"fmt"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func TestDearestHashIsFoundAmongAllAccounts(t *testing.T) {
	db := openTest(t, Options{})
	want := func(want string) {
		t.Helper()
		if got, err := db.DearestHash(t.Context()); err != nil || got != want {
			t.Errorf("the dearest hash is %q (%v), want %q", got, err, want)
		}
	}
	hash := func(cost int) string { return fmt.Sprintf("$2a$%02d$%s", cost, strings.Repeat("a", 53)) }
	want("")
	for i, stored := range []string{hash(10), hash(13), hash(12), hash(31), "$1$broken", "", "rubbish"} {
		user := tenant.User{ID: tenant.UserID(tenant.NewID()), PasswordHash: stored}
		user.Settle(tenant.Email(fmt.Sprintf("user%d@acme.example", i)))
		if err := db.Store().Users.Insert(t.Context(), user, tenant.Upkeep{}); err != nil {
			t.Fatal(err)
		}
	}
	want(hash(13))
	operator := tenant.Operator{ID: tenant.OperatorID(tenant.NewID()), Email: "root@orgd.example", PasswordHash: hash(14)}
	if err := db.Store().Operators.Insert(t.Context(), operator, tenant.Upkeep{}); err != nil {
		t.Fatal(err)
	}
	want(hash(14))
}
