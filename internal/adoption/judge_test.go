package adoption_test

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/adoption"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// TestRefusals changes one thing about a sound database, and wants exactly the organizations refused that it concerns, each with
// a reason that says so.
func TestRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		change func(w *world)
		// want are the refused ones, with a part of the reason.
		want map[string]string
	}{
		"nothing is wrong":  {func(*world) {}, nil},
		"no name":           {func(w *world) { w.orgs[0].Name = "" }, only("acme", "has no name")},
		"a name too long":   {func(w *world) { w.orgs[0].Name = strings.Repeat("x", 201) }, only("acme", "200 characters")},
		"a reserved name":   {func(w *world) { w.orgs[0].Name = "Admin" }, only("acme", "reserved")},
		"a name of signs":   {func(w *world) { w.orgs[0].Name = "!!!" }, only("acme", "no letter or digit")},
		"control in a name": {func(w *world) { w.orgs[0].Name = "A\x00B" }, only("acme", "control")},
		"one name twice": {func(w *world) {
			w.org("twin", " aCME ")
		}, map[string]string{"acme": `the name, in whatever case, in common with " aCME " (twin)`, "twin": `in common with "Acme" (acme)`}},
		"one slug twice": {func(w *world) { w.org("twin", "Acmé") }, both("acme", "twin", "as it reads in a path")},
		"a shared collection": {func(w *world) {
			w.org("twin", "Twin").Collection = "org_acme"
		}, both("acme", "twin", "the collection in common")},
		"a collection shared with one that is refused": {func(w *world) {
			twin := w.org("twin", "Admin")
			twin.Collection = "org_acme"
		}, map[string]string{"acme": "the collection in common", "twin": "reserved"}},
		"a collection that may be that of one that names none": {func(w *world) {
			w.org("twin", "Twin Corp").Collection = ""
			w.collection("org_twin_corp")
			w.collection("org_twincorp")
			w.orgs[0].Collection = "org_twincorp"
		}, map[string]string{"acme": `the collection in common with "Twin Corp" (twin)`, "twin": "each of org_twin_corp, org_twincorp could be it"}},
		"a collection that may be that of one whose word is unread": {func(w *world) {
			twin := w.org("twin", "Twin")
			twin.Collection, twin.Unread.Collection = "", "collection"
			w.orgs[0].Collection = "org_twin"
		}, map[string]string{"acme": `the collection in common with "Twin" (twin)`, "twin": "is there but holds no text"}},
		"an organization that is blocked": {func(w *world) { w.orgs[0].Blocked = "is_active" }, only("acme", "blocked or deleted, by its field is_active")},
		"an admin who is blocked":         {func(w *world) { w.users[0].Blocked = "deleted_at" }, only("acme", "its admin is blocked or deleted, by the field deleted_at")},
		"an admin inside who is blocked": {func(w *world) {
			w.orgs[0].Admins, w.orgs[0].Owner, w.users[0].Blocked = nil, owner(), "disabled"
		}, only("acme", "its admin is blocked or deleted, by the field disabled")},
		"no collection there":      {func(w *world) { delete(w.collections, "org_acme") }, only("acme", "org_acme does not exist")},
		"a collection named wrong": {func(w *world) { w.orgs[0].Collection = "org_Acme" }, only("acme", "form org_")},
		"a collection of the service": {func(w *world) {
			w.orgs[0].Collection = "users"
		}, only("acme", "form org_")},
		"a view":   {func(w *world) { w.collections["org_acme"] = store.ForeignCollection{Kind: "view"} }, only("acme", "kind view")},
		"a capped": {func(w *world) { w.collections["org_acme"] = store.ForeignCollection{Kind: "capped"} }, only("acme", "kind capped")},
		"orgd's own collection": {func(w *world) {
			w.homes = []store.ForeignHome{{Database: "app", Collection: "org_acme", Org: "o-1", State: tenant.StateActive}}
		}, only("acme", "belongs to organization o-1")},
		"a collection that orgd is making": {func(w *world) {
			w.homes = []store.ForeignHome{{Database: "app", Collection: "org_acme", Org: "o-1"}}
		}, only("acme", "belongs to organization o-1")},
		"a collection adopted for another": {func(w *world) {
			w.homes = []store.ForeignHome{{Database: "app", Collection: "org_acme", Org: "o-1", Origin: "app.organizations other", State: tenant.StateActive}}
		}, only("acme", "belongs to organization o-1")},
		"no admin":             {func(w *world) { w.orgs[0].Admins = nil }, only("acme", "names no admin and no user")},
		"an admin who is gone": {func(w *world) { w.users = w.users[1:] }, only("acme", "no user has the id")},
		"two admins":           {func(w *world) { w.user("two", "two@example.com"); w.orgs[0].Admins = []string{"u-acme", "two"} }, only("acme", "more than one admin")},
		"two users of one id":  {func(w *world) { w.user("u-acme", "two@example.com") }, only("acme", "also that of another user (acme@example.com, two@example.com)")},
		"two users of one address": {func(w *world) {
			w.user("two", "ACME@Example.com")
		}, only("acme", "acme@example.com, ACME@Example.com")},
		"one admin of two": {func(w *world) {
			w.org("twin", "Twin").Admins = []string{"u-acme"}
		}, map[string]string{"acme": `also that of "Twin" (twin)`, "twin": `also that of "Acme" (acme)`}},
		"two members, none an admin": {func(w *world) {
			w.orgs[0].Admins = nil
			w.users[0].Orgs = []string{"acme"}
			w.user("two", "two@example.com").Orgs = []string{"Acme"}
		}, only("acme", "2 users refer to it")},
		"one member, with a role that does not lead": {func(w *world) {
			w.orgs[0].Admins = nil
			w.users[0].Orgs, w.users[0].Role = []string{"acme"}, "viewer"
		}, only("acme", `none has a role that leads (acme@example.com has "viewer")`)},
		"two members, with roles that do not lead": {func(w *world) {
			w.orgs[0].Admins = nil
			w.users[0].Orgs, w.users[0].Role = []string{"acme"}, "viewer"
			two := w.user("two", "two@example.com")
			two.Orgs, two.Role = []string{"acme"}, "clerk"
		}, only("acme", "none has a role that leads")},
		"a name that is no text": {func(w *world) { w.orgs[0].Unread.Name = "name" }, only("acme", "its field name is there but holds no text; correct or remove it, or name another one with --org-name")},
		"a collection that is no text": {func(w *world) {
			w.orgs[0].Collection, w.orgs[0].Unread.Collection = "", "collection"
		}, only("acme", "its field collection is there but holds no text; correct or remove it, or name another one with --org-collection")},
		"a slug that is no text": {func(w *world) {
			w.orgs[0].Collection, w.orgs[0].Unread.Slug = "", "slug"
		}, only("acme", "it names no collection, and its field slug is there but holds no text")},
		"a slug that is no text, where nobody needs it": {func(w *world) { w.orgs[0].Unread.Slug = "slug" }, nil},
		"an admin who is nothing": {func(w *world) {
			w.orgs[0].Admins, w.orgs[0].Unread.Admin = nil, "admin_id"
			w.users[0].Orgs = []string{"acme"}
		}, only("acme", "its field admin_id is there but holds no id or address; correct or remove it, or name another one with --org-admin")},
		"an address that is none":    {func(w *world) { w.users[0].Email = "acme" }, only("acme", "the address of its admin")},
		"no password":                {func(w *world) { w.users[0].Hash = "" }, only("acme", "no password")},
		"a password in the clear":    {func(w *world) { w.users[0].Hash = "correct horse" }, only("acme", "not bcrypt of cost 4 to 15")},
		"a hash of cost 3":           {func(w *world) { w.users[0].Hash = cost("03") }, only("acme", "not bcrypt of cost 4 to 15")},
		"a hash of cost 16":          {func(w *world) { w.users[0].Hash = cost("16") }, only("acme", "not bcrypt of cost 4 to 15")},
		"a hash with more behind it": {func(w *world) { w.users[0].Hash += "x" }, only("acme", "not bcrypt of cost 4 to 15")},
		"a hash of another kind":     {func(w *world) { w.users[0].Hash = "$argon2id$v=19$m=65536" }, only("acme", "not bcrypt of cost 4 to 15")},
		"orgd has the name":          {func(w *world) { w.taken["name:acme"] = "o-2" }, only("acme", "organization o-2 of orgd has its name")},
		"orgd has the slug":          {func(w *world) { w.taken["slug:acme"] = "o-2" }, only("acme", "organization o-2 of orgd reads the same")},
		"orgd keeps the place":       {func(w *world) { w.taken["place:org_acme"] = "o-2" }, only("acme", "keeps that name")},
		"orgd has the address":       {func(w *world) { w.taken["email:acme@example.com"] = "p-2" }, only("acme", "user p-2 of orgd signs in")},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			w.org("other", "Other")
			c.change(w)
			verdicts, plan := w.judge(t)
			for id, v := range verdicts {
				reason, refused := c.want[id]
				switch {
				case refused && (v.Status != adoption.Refused || !strings.Contains(v.Reason, reason)):
					t.Errorf("%s is %s: %s, want it refused: %s", id, v.Status, v.Reason, reason)
				case refused && v.Candidate != nil:
					t.Errorf("%s is refused and a candidate", id)
				case !refused && (v.Status != adoption.Adoptable || v.Candidate == nil):
					t.Errorf("%s is %s: %s, and nothing is wrong about it", id, v.Status, v.Reason)
				}
			}
			if got := plan.Count(adoption.Refused); got != len(c.want) {
				t.Errorf("%d are refused, want %v", got, slices.Sorted(maps.Keys(c.want)))
			}
		})
	}
}

func only(id, reason string) map[string]string { return map[string]string{id: reason} }

func both(a, b, reason string) map[string]string { return map[string]string{a: reason, b: reason} }

func cost(c string) string { return "$2b$" + c + "$" + strings.Repeat("a", 53) }

// TestAdmins finds the admin in each way in which such services refer to one.
func TestAdmins(t *testing.T) {
	for name, change := range map[string]func(w *world, org *store.ForeignOrg){
		"by id":                        func(*world, *store.ForeignOrg) {},
		"by another id":                func(w *world, org *store.ForeignOrg) { w.users[0].IDs = []string{"x", "7"}; org.Admins = []string{"7"} },
		"by address, in whatever case": func(_ *world, org *store.ForeignOrg) { org.Admins = []string{"ACME@example.com"} },
		"by an address that is an id": func(w *world, org *store.ForeignOrg) {
			w.users[0].IDs = []string{"acme@example.com"}
			org.Admins = w.users[0].IDs
		},
		"twice":                   func(_ *world, org *store.ForeignOrg) { org.Admins = []string{"u-acme", "acme@example.com"} },
		"the user names the id":   func(w *world, org *store.ForeignOrg) { org.Admins, w.users[0].Orgs = nil, []string{"acme"} },
		"the user names the name": func(w *world, org *store.ForeignOrg) { org.Admins, w.users[0].Orgs = nil, []string{" ACME"} },
		"the user names both":     func(w *world, org *store.ForeignOrg) { org.Admins, w.users[0].Orgs = nil, []string{"acme", "Acme"} },
		"one of the members is one": func(w *world, org *store.ForeignOrg) {
			org.Admins, w.users[0].Orgs, w.users[0].Role = nil, []string{"acme"}, "Admin"
			w.user("m", "m@example.com").Orgs = []string{"acme"}
		},
		"inside the organization": func(w *world, org *store.ForeignOrg) { w.users, org.Admins, org.Owner = nil, nil, owner() },
		"inside, and named": func(w *world, org *store.ForeignOrg) {
			w.users, org.Admins, org.Owner = nil, []string{"acme@example.com"}, owner()
		},
		"inside, and among the users": func(_ *world, org *store.ForeignOrg) { org.Admins, org.Owner = nil, owner() },
		"inside, but the user is named": func(_ *world, org *store.ForeignOrg) {
			org.Owner = &store.ForeignUser{Email: "acme@example.com", Hash: "old"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			change(w, &w.orgs[0])
			verdicts, plan := w.judge(t)
			v := verdicts["acme"]
			if v.Candidate == nil || v.Candidate.Email != "acme@example.com" || v.Candidate.PasswordHash != hash {
				t.Errorf("acme is %s: %s %+v", v.Status, v.Reason, v.Candidate)
			}
			for _, left := range plan.Left {
				if left.Email == "acme@example.com" && left.Reason != "is not the admin of the organization; orgd has owners alone so far" {
					t.Errorf("the admin is left: %+v", left)
				}
			}
		})
	}
}

func owner() *store.ForeignUser { return &store.ForeignUser{Email: "acme@example.com", Hash: hash} }

// An admin inside the organization is no pair with a user of the same password, and one with any other.
func TestAdminInsideBesideAUser(t *testing.T) {
	w := newWorld()
	w.orgs[0].Admins, w.orgs[0].Owner = nil, owner()
	w.users[0].Hash = cost("10")
	verdicts, _ := w.judge(t)
	if v := verdicts["acme"]; v.Status != adoption.Refused || !strings.Contains(v.Reason, "another user") {
		t.Errorf("acme is %s: %s", v.Status, v.Reason)
	}
}

// TestDerivedCollections leaves the collection's name to the rules by which such services make it.
func TestDerivedCollections(t *testing.T) {
	for name, c := range map[string]struct {
		org  store.ForeignOrg
		have []string
		want string // the collection, or the reason
	}{
		"of the name":            {store.ForeignOrg{Name: "Acme Corp"}, []string{"org_acme_corp"}, "org_acme_corp"},
		"of signs":               {store.ForeignOrg{Name: "Globex & Söhne 2000"}, []string{"org_globex_s_hne_2000"}, "org_globex_s_hne_2000"},
		"of orgd's slug":         {store.ForeignOrg{Name: "Globex & Söhne 2000"}, []string{"org_globex_and_sohne_2000"}, "org_globex_and_sohne_2000"},
		"of the slug":            {store.ForeignOrg{Name: "Acme Corp", Slug: "ac"}, []string{"org_ac", "org_acmecorps"}, "org_ac"},
		"without blanks":         {store.ForeignOrg{Name: "Acme Corp"}, []string{"org_acmecorp"}, "org_acmecorp"},
		"with a sign at its end": {store.ForeignOrg{Name: "Acme!"}, []string{"org_acme_"}, "org_acme_"},
		"none":                   {store.ForeignOrg{Name: "Acme Corp"}, nil, "none of org_acme_corp, org_acmecorp is there"},
		"two":                    {store.ForeignOrg{Name: "Acme Corp"}, []string{"org_acme_corp", "org_acmecorp"}, "each of org_acme_corp, org_acmecorp could be it"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			delete(w.collections, "org_acme")
			for _, one := range c.have {
				w.collection(one)
			}
			c.org.Key, c.org.IDs, c.org.Admins = w.orgs[0].Key, w.orgs[0].IDs, w.orgs[0].Admins
			w.orgs[0] = c.org
			verdicts, _ := w.judge(t)
			v := verdicts["acme"]
			got := v.Reason
			if v.Candidate != nil {
				got = v.Candidate.Placement.Namespace
			}
			if !strings.Contains(got, c.want) {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}

// TestJudgedBefore meets what earlier runs have left.
func TestJudgedBefore(t *testing.T) {
	const origin = "app.organizations string acme"
	for name, c := range map[string]struct {
		home store.ForeignHome
		want adoption.Status
	}{
		"adopted":                      {store.ForeignHome{Database: "app", Collection: "org_acme", State: tenant.StateActive}, adoption.Already},
		"adopted and renamed":          {store.ForeignHome{Database: "app", Collection: "org_else", State: tenant.StateRenaming, DirectWriters: true}, adoption.Already},
		"adopted and deleted":          {store.ForeignHome{Database: "app", Collection: "trash_x", State: tenant.StateTrashed}, adoption.Already},
		"cut short before the catalog": {store.ForeignHome{Database: "app", Collection: "org_acme"}, adoption.Adoptable},
		"cut short in the catalog":     {store.ForeignHome{Database: "app", Collection: "org_acme", State: tenant.StateCreating}, adoption.Adoptable},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld()
			c.home.Org, c.home.Origin = "o-1", origin
			w.homes = []store.ForeignHome{c.home}
			if c.home.State != "" { // orgd has what it adopted
				w.taken["name:acme"], w.taken["email:acme@example.com"], w.taken["place:org_acme"] = "o-1", "p-1", "o-1"
			}
			verdicts, plan := w.judge(t)
			v, deleted := verdicts["acme"], c.home.State == tenant.StateTrashed
			if v.DirectWriters != c.home.DirectWriters || v.Deleted != deleted {
				t.Errorf("acme has direct writers: %t; is deleted: %t", v.DirectWriters, v.Deleted)
			}
			if v.Status != c.want || (v.Candidate != nil) != (c.want == adoption.Adoptable) {
				t.Errorf("acme is %s: %s", v.Status, v.Reason)
			}
			if len(plan.Left) > 0 {
				t.Errorf("left are %+v", plan.Left)
			}
		})
	}
}

// TestCandidate says where the data is, in orgd's database and in another one.
func TestCandidate(t *testing.T) {
	w := newWorld()
	verdicts, _ := w.judge(t)
	got := *verdicts["acme"].Candidate
	if got.Origin != "app.organizations string acme" || got.Placement.Database != "app" || got.Placement.Namespace != "org_acme" ||
		got.Placement.Level != tenant.LevelCollection || string(got.UUID) != "of org_acme" || got.Name != "Acme" {
		t.Errorf("the candidate is %+v", got)
	}
	own := options
	own.Own = "app"
	plan, err := adoption.Judge(t.Context(), newWorld(), own)
	if err != nil || plan.Verdicts[0].Candidate.Placement.Database != "" {
		t.Errorf("in orgd's own database: %+v, %v", plan.Verdicts[0].Candidate, err)
	}
}

// TestCatalogIsNoHome keeps the service's own collections from being anybody's data, be they named like it.
func TestCatalogIsNoHome(t *testing.T) {
	for _, o := range []adoption.Options{{Organizations: "org_acme", Users: "users"}, {Organizations: "organizations", Users: "org_acme"}} {
		plan, err := adoption.Judge(t.Context(), newWorld(), o)
		if err != nil || plan.Verdicts[0].Status != adoption.Refused {
			t.Errorf("with %+v: %+v, %v", o, plan.Verdicts[0], err)
		}
	}
}

// TestLeft names the people who belong to nobody, and those who are more than orgd can take.
func TestLeft(t *testing.T) {
	w := newWorld()
	w.user("lost", "lost@example.com")
	w.user("stray", "stray@example.com").Orgs = []string{"gone"}
	w.user("member", "member@example.com").Orgs = []string{"acme"}
	_, plan := w.judge(t)
	want := map[string]string{"lost": "belongs to no organization", "stray": "belongs to no organization", "member": "is not the admin"}
	for _, left := range plan.Left {
		if want[left.ID] == "" || !strings.Contains(left.Reason, want[left.ID]) || left.Email != left.ID+"@example.com" {
			t.Errorf("left is %+v", left)
		}
		delete(want, left.ID)
	}
	if len(want) > 0 {
		t.Errorf("nothing is said of %v", want)
	}
}

// TestSourceFails breaks each of its calls.
func TestSourceFails(t *testing.T) {
	for call := 1; call <= 5; call++ {
		w := newWorld()
		w.broken = call
		if plan, err := adoption.Judge(t.Context(), w, options); !errors.Is(err, errBroken) || plan != nil {
			t.Errorf("call %d: %v, %v", call, plan, err)
		}
	}
}
