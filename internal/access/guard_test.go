package access_test

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

const (
	acme  tenant.OrgID = "0192f0c1-0000-7000-8000-00000000000a"
	other tenant.OrgID = "0192f0c1-0000-7000-8000-00000000000b"
)

var (
	open   = access.Policy{SignupOpen: true, LookupPublic: true}
	closed = access.Policy{}
	owner  = access.Caller{Kind: tenant.ActorMember, User: "u", Org: acme, Role: tenant.RoleOwner}
	nobody = access.Caller{Kind: tenant.ActorMember, User: "u", Org: acme, Role: "unheard-of"}
	anon   = access.Caller{}
	oper   = access.Caller{Kind: tenant.ActorOperator, Operator: "o"}
)

func TestAuthorize(t *testing.T) {
	at := time.Date(2026, 1, 2, 3, 4, 5, 678912345, time.UTC)
	for _, tc := range []struct {
		name   string
		policy access.Policy
		caller access.Caller
		action access.Action
		org    tenant.OrgID
		want   tenant.Code
	}{
		{"owner renames own", open, owner, access.OrgUpdate, acme, ""},
		{"owner renames another's", open, owner, access.OrgUpdate, other, tenant.CodeNotFound},
		{"owner reads another's in public", open, owner, access.OrgRead, other, ""},
		{"owner reads another's in private", closed, owner, access.OrgRead, other, tenant.CodeNotFound},
		{"owner reads another's details", open, owner, access.OrgReadMember, other, tenant.CodeNotFound},
		{"owner restores own", open, owner, access.OrgRestore, acme, tenant.CodeForbidden},
		{"unknown role writes", open, nobody, access.DocWrite, acme, tenant.CodeForbidden},
		{"anonymous signs up", open, anon, access.OrgCreate, "", ""},
		{"anonymous signs up where closed", closed, anon, access.OrgCreate, "", tenant.CodeUnauthenticated},
		{"owner signs up", open, owner, access.OrgCreate, "", ""},
		{"owner signs up where closed", closed, owner, access.OrgCreate, "", tenant.CodeForbidden},
		{"operator signs up where closed", closed, oper, access.OrgCreate, "", ""},
		{"anonymous deletes", open, anon, access.OrgDelete, acme, tenant.CodeUnauthenticated},
		{"anonymous looks up where closed", closed, anon, access.OrgRead, acme, tenant.CodeUnauthenticated},
		{"operator restores", open, oper, access.OrgRestore, acme, ""},
		{"operator writes documents", open, oper, access.DocWrite, acme, tenant.CodeForbidden},
		{"operator adds operators over the network", open, oper, access.OperatorAdd, "", tenant.CodeForbidden},
		{"owner lists keys", open, owner, access.KeyList, "", tenant.CodeForbidden},
		{"console adds operators", open, access.Console(), access.OperatorAdd, "", ""},
		{"system purges", open, access.System(), access.OrgPurge, acme, ""},
		{"system updates", open, access.System(), access.OrgUpdate, acme, tenant.CodeNotFound},
	} {
		t.Run(tc.name, func(t *testing.T) {
			guard := access.NewGuard(tc.policy, func() time.Time { return at })
			entry, err := guard.Authorize(t.Context(), tc.caller, tc.action, tc.org)
			if got := tenant.CodeOf(err); got != tc.want {
				t.Fatalf("code %q, want %q (%v)", got, tc.want, err)
			}
			if err == nil && (entry.ID == "" || entry.Action != string(tc.action) || entry.Org != tc.org || !entry.At.Equal(tenant.Millis(at))) {
				t.Errorf("entry %+v does not tell what was allowed", entry)
			}
		})
	}
}

func TestCleanClientText(t *testing.T) {
	long := string(make([]byte, 0, 300))
	for range 200 {
		long += "é"
	}
	for in, want := range map[string]string{
		"10.0.0.1":         "10.0.0.1",
		"a\r\nb":           "ab",
		"a\u202eb\u2028c":  "abc",
		"bad\xffutf":       "badutf",
		"caf\u00e9":        "café",
		"zero\u200bwidth":  "zerowidth",
		"\x1b[31mred\x1b[": "[31mred[",
	} {
		if got := access.CleanClientText(in); got != want {
			t.Errorf("%q became %q, want %q", in, got, want)
		}
	}
	if got := access.CleanClientText(long); len(got) != access.MaxClientText {
		t.Errorf("%d bytes left of a long text, want %d", len(got), access.MaxClientText)
	}
}
