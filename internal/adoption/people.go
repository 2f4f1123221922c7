package adoption

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// person is somebody of the other service.
type person struct {
	store.ForeignUser
	// email is the address in the one form that counts; empty where it is none.
	email tenant.Email
	// inside says that it stands in its organization's document, and not among the users.
	inside bool
	// admin says that it was taken for the admin of that many organizations, and member that it refers to one that there is.
	admin  int
	member bool
}

// people are all of them, by what refers to them.
type people struct {
	all     []*person
	byID    map[string][]*person
	byEmail map[tenant.Email][]*person
	byOrg   map[string][]*person
}

func newPeople() *people {
	return &people{byID: map[string][]*person{}, byEmail: map[tenant.Email][]*person{}, byOrg: map[string][]*person{}}
}

func (p *people) add(u store.ForeignUser) *person {
	one := &person{ForeignUser: u}
	one.email, _ = tenant.ParseEmail("email", u.Email)
	p.all = append(p.all, one)
	for _, id := range u.IDs {
		p.byID[id] = append(p.byID[id], one)
	}
	if one.email != "" {
		p.byEmail[one.email] = append(p.byEmail[one.email], one)
	}
	for _, org := range u.Orgs {
		key := reference(org)
		if list := p.byOrg[key]; len(list) == 0 || list[len(list)-1] != one {
			p.byOrg[key] = append(list, one)
		}
	}
	return one
}

// reference is the form in which ids and names of organizations are compared.
func reference(text string) string {
	if name, err := tenant.ParseName("name", text); err == nil {
		return string(name.Key())
	}
	return text
}

// adminOf returns the one admin of an organization, or why there is none.
func (p *people) adminOf(org *store.ForeignOrg) (*person, string) {
	members := p.membersOf(org)
	for _, m := range members {
		m.member = true
	}
	switch {
	case org.Unread.Admin != "":
		return nil, fmt.Sprintf(unread+"--org-admin", org.Unread.Admin, "id or address")
	case len(org.Admins) > 0:
		return p.named(org)
	case org.Owner != nil:
		return p.insider(org)
	}
	if chosen := slices.DeleteFunc(slices.Clone(members), func(m *person) bool { return !leads(m.Role) }); len(chosen) > 0 {
		members = chosen
	}
	switch {
	case len(members) == 0:
		return nil, "it names no admin and no user refers to it; write the admin's id into it, or name its field with --org-admin or --user-org"
	case !slices.ContainsFunc(members, mayLead):
		return nil, fmt.Sprintf("it names no admin, and of the users who refer to it none has a role that leads (%s has %q); write the admin's id into it, or name its field with --org-admin",
			members[0].label(), shown(members[0].Role))
	case len(members) == 1:
		return members[0], ""
	default:
		return nil, fmt.Sprintf("%d users refer to it and nothing tells which is its admin; write the admin's id into it, or name the field with --org-admin", len(members))
	}
}

// membersOf returns the users who refer to an organization.
func (p *people) membersOf(org *store.ForeignOrg) (members []*person) {
	for _, key := range append(slices.Clone(org.IDs), org.Name) {
		for _, one := range p.byOrg[reference(key)] {
			if !slices.Contains(members, one) {
				members = append(members, one)
			}
		}
	}
	return members
}

// mayLead reports whether nothing speaks against a person's running an organization: a role that leads, or none at all.
func mayLead(m *person) bool { return m.Role == "" || leads(m.Role) }

// leads reports whether a role is that of who runs an organization.
func leads(role string) bool {
	return slices.Contains([]string{"admin", "owner", "org_admin", "organization_admin"}, strings.ToLower(role))
}

// named returns the admin that the organization names.
func (p *people) named(org *store.ForeignOrg) (*person, string) {
	var admin *person
	for _, ref := range org.Admins {
		found := p.find(ref)
		switch {
		case len(found) == 0 && org.Owner != nil && len(org.Admins) == 1:
			return p.insider(org)
		case len(found) == 0:
			return nil, "no user has the id or address of its admin; mend the reference"
		case len(found) > 1:
			return nil, pairOf(found)
		case admin != nil && admin != found[0]:
			return nil, "it names more than one admin; orgd takes over one, so leave one in the field"
		}
		admin = found[0]
	}
	return admin, ""
}

// find returns whom an id or address means.
func (p *people) find(ref string) []*person {
	found := slices.Clone(p.byID[ref])
	if email, err := tenant.ParseEmail("email", ref); err == nil {
		for _, one := range p.byEmail[email] {
			if !slices.Contains(found, one) {
				found = append(found, one)
			}
		}
	}
	return found
}

// insider returns the admin who is written in the organization itself.
func (p *people) insider(org *store.ForeignOrg) (*person, string) {
	owner := p.add(*org.Owner)
	owner.inside = true
	for _, other := range p.byEmail[owner.email] {
		if other != owner && !other.inside && (other.Hash == "" || other.Hash == owner.Hash) {
			other.member = true // the same one, written twice
			owner.Blocked = cmp.Or(owner.Blocked, other.Blocked)
			p.byEmail[owner.email] = slices.DeleteFunc(slices.Clone(p.byEmail[owner.email]), func(o *person) bool { return o == other })
		}
	}
	return owner, ""
}

// pairOf is the reason about people whom nothing tells apart.
func pairOf(pair []*person) string {
	ids := make([]string, len(pair))
	for i, one := range pair {
		ids[i] = one.label()
	}
	return fmt.Sprintf("its admin's address or id is also that of another user (%s): orgd has one person an address, in whatever case; change or remove the others",
		strings.Join(ids, ", "))
}

// label names a person for people.
func (p *person) label() string {
	switch {
	case p.Email != "":
		return shown(p.Email)
	case len(p.IDs) > 0:
		return shown(p.IDs[0])
	default:
		return "one without id and address"
	}
}

// left says why a person is not taken over; empty where no word is needed.
func (p *person) left() string {
	switch {
	case p.admin > 0 || p.inside:
		return ""
	case p.member:
		return "is not the admin of the organization; orgd has owners alone so far"
	default:
		return "belongs to no organization"
	}
}
