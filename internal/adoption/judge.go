package adoption

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/passwords"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// trial is one organization before the judge.
type trial struct {
	store.ForeignOrg
	verdict *Verdict
	origin  string
	// begun says that an earlier run was cut short in the middle of it, so that orgd has its names already.
	begun bool

	name       tenant.Name
	slug       tenant.Slug
	collection string
	// claimed are the collections that may be its: the one, or all of which nothing tells which it is. No other one gets them.
	claimed []string
	admin   *person
}

// refuse gives the first reason.
func (t *trial) refuse(format string, args ...any) {
	if t.verdict.Status == Adoptable {
		t.verdict.Status, t.verdict.Reason = Refused, fmt.Sprintf(format, args...)
	}
}

func (t *trial) open() bool { return t.verdict.Status == Adoptable }

// judge knows all that there is on both sides.
type judge struct {
	Options
	people      *people
	collections map[string]store.ForeignCollection
	homes       map[string]store.ForeignHome // by collection of the database
	origins     map[string]store.ForeignHome
	trials      []*trial
}

func (j *judge) knowHomes(homes []store.ForeignHome) {
	j.homes, j.origins = map[string]store.ForeignHome{}, map[string]store.ForeignHome{}
	for _, home := range homes {
		if home.Database == j.Database {
			j.homes[home.Collection] = home
		}
		if home.Origin != "" && (home.State != "" || j.origins[home.Origin].State == "") {
			j.origins[home.Origin] = home
		}
	}
}

// add looks at an organization for itself.
func (j *judge) add(org store.ForeignOrg) {
	t := &trial{ForeignOrg: org, verdict: &Verdict{Status: Adoptable, Name: org.Name}}
	if len(org.IDs) > 0 {
		t.verdict.ID = org.IDs[0]
	}
	t.origin = j.Database + "." + j.Organizations + " " + org.Key
	j.trials = append(j.trials, t)
	switch home := j.origins[t.origin]; home.State {
	case "":
	case tenant.StateCreating:
		t.begun = true
	default:
		t.verdict.Status = Already
		t.verdict.DirectWriters, t.verdict.Deleted = home.DirectWriters, !home.State.Visible()
	}
	if t.Blocked != "" {
		t.refuse("it is blocked or deleted, by its field %s; remove the field or the organization", t.Blocked)
	}
	j.baptize(t)
	j.house(t)
	admin, reason := j.people.adminOf(&t.ForeignOrg)
	if admin == nil {
		t.refuse("%s", reason)
		return
	}
	t.admin = admin
	admin.admin++
}

// unread is the reason about a field and what it should hold; the flag follows.
const unread = "its field %s is there but holds no %s; correct or remove it, or name another one with "

// baptize takes the name.
func (j *judge) baptize(t *trial) {
	if t.Unread.Name != "" {
		t.refuse(unread+"--org-name", t.Unread.Name, "text")
		return
	}
	if t.Name == "" {
		t.refuse("it has no name; name its field with --org-name")
		return
	}
	name, err := tenant.ParseName("name", t.Name)
	if err == nil {
		t.name = name
		t.slug, err = name.Slug("name")
	}
	if err != nil {
		t.refuse("%v; change its name in the other service", err)
	}
}

// compare looks at the organizations side by side: what two of them want, none of them gets.
func (j *judge) compare() {
	alike(j.trials, "the collection", func(t *trial) []string { return t.claimed }, "give each its own")
	fresh := slices.DeleteFunc(slices.Clone(j.trials), func(t *trial) bool { return t.verdict.Status == Already })
	alike(fresh, "the name, in whatever case,", func(t *trial) []string { return []string{string(t.name.Key())} }, "change all but one")
	alike(fresh, "the name, as it reads in a path,", func(t *trial) []string { return []string{string(t.slug)} }, "change all but one")
	admins := map[*person][]*trial{}
	for _, t := range fresh {
		if t.admin != nil {
			admins[t.admin] = append(admins[t.admin], t)
		}
	}
	for _, t := range fresh {
		if others := admins[t.admin]; t.admin != nil && len(others) > 1 {
			t.refuse("its admin is also that of %s; a person owns one organization so far, so give each an admin of its own", labels(others, t))
		}
		j.admit(t)
	}
}

// alike refuses all organizations that have something in common with another one. What is empty is nothing.
func alike(trials []*trial, what string, of func(*trial) []string, mend string) {
	sets := map[string][]*trial{}
	for _, t := range trials {
		for _, key := range of(t) {
			sets[key] = append(sets[key], t)
		}
	}
	for _, t := range trials {
		for _, key := range of(t) {
			if set := sets[key]; len(set) > 1 && key != "" {
				t.refuse("it has %s in common with %s; %s", what, labels(set, t), mend)
			}
		}
	}
}

// labels names the others of a set, the first few of them.
func labels(set []*trial, self *trial) string {
	const most = 3
	var names []string
	for _, t := range set {
		if t != self && len(names) < most {
			names = append(names, fmt.Sprintf("%q (%s)", shown(t.Name), shown(t.verdict.ID)))
		}
	}
	if more := len(set) - 1 - len(names); more > 0 {
		names = append(names, fmt.Sprintf("%d more", more))
	}
	return strings.Join(names, ", ")
}

// admit looks at the admin.
func (j *judge) admit(t *trial) {
	switch {
	case t.admin == nil:
	case t.admin.Blocked != "":
		t.refuse("its admin is blocked or deleted, by the field %s; remove the field, or write another admin into the organization", t.admin.Blocked)
	case t.admin.email == "":
		t.refuse("the address of its admin is none that orgd takes, such as name@example.com; change it in the other service")
	case len(j.people.byEmail[t.admin.email]) > 1:
		t.refuse("%s", pairOf(j.people.byEmail[t.admin.email]))
	case t.admin.Hash == "":
		t.refuse("its admin has no password; name its field with --user-password")
	case passwords.CheckStored(t.admin.Hash) != nil:
		t.refuse("what stands for its admin's password is not bcrypt of cost 4 to 15; set a password in the other service that it hashes so")
	}
}

// meetOrgd refuses what orgd has already.
func (j *judge) meetOrgd(ctx context.Context, from Source) error {
	var wanted []tenant.Claim
	for _, t := range j.trials {
		if t.open() {
			wanted = append(wanted, t.claims()...)
		}
	}
	taken, err := from.Taken(ctx, wanted)
	if err != nil {
		return err
	}
	for _, t := range j.trials {
		if !t.open() || t.begun {
			continue
		}
		for i, claim := range t.claims() {
			if holder, is := taken[claim]; is {
				t.refuse(conflicts[i], holder)
			}
		}
	}
	return nil
}

// conflicts are the reasons about claims of orgd's, in the order of claims.
var conflicts = []string{
	"organization %s of orgd has its name; rename either",
	"the name of organization %s of orgd reads the same in a path; rename either",
	"organization %s of orgd has a collection of the same name, or keeps that name; rename the collection, here and in the other service",
	"user %s of orgd signs in with its admin's address; change either",
}

func (t *trial) claims() []tenant.Claim {
	return []tenant.Claim{tenant.NameClaim(t.name.Key()), tenant.SlugClaim(t.slug), tenant.PlaceClaim(t.collection), tenant.EmailClaim(t.admin.email)}
}

// plan is the outcome.
func (j *judge) plan() *Plan {
	p := &Plan{Verdicts: make([]*Verdict, len(j.trials))}
	for i, t := range j.trials {
		p.Verdicts[i] = t.verdict
		if t.open() {
			t.verdict.Candidate = j.candidate(t)
		}
	}
	for _, one := range j.people.all {
		if reason := one.left(); reason != "" {
			id := ""
			if len(one.IDs) > 0 {
				id = one.IDs[0]
			}
			p.Left = append(p.Left, Left{ID: id, Email: one.Email, Reason: reason})
		}
	}
	return p
}

func (j *judge) candidate(t *trial) *Candidate {
	c := &Candidate{
		Origin: t.origin, Name: t.name, Email: t.admin.email, PasswordHash: t.admin.Hash, CreatedAt: t.CreatedAt,
		Placement: tenant.Placement{Level: tenant.LevelCollection, Database: j.Database, Namespace: t.collection},
		UUID:      j.collections[t.collection].UUID,
	}
	if j.Database == j.Own {
		c.Placement.Database = ""
	}
	return c
}
