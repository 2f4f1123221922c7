// Package adoption owns the judgement of which organizations of another service orgd can take over in place, and why not the
// others. The command orgd adopt calls it, before it writes anything.
//
// The invariant: an organization is taken over only where nothing is in doubt: one collection that it alone claims,
// one admin, an address and a name that nobody else has, a password hash that orgd compares. Each other one is named
// with a reason, and neither it nor anything of it is touched.
package adoption

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Source is the database of the other service, and what orgd has of it. It is only read.
type Source interface {
	Organizations(ctx context.Context, fn func(store.ForeignOrg) error) error
	Users(ctx context.Context, fn func(store.ForeignUser) error) error
	// Collections returns what lies in the database, by name.
	Collections(ctx context.Context) (map[string]store.ForeignCollection, error)
	// Homes returns the collections that orgd has a record of, in the database or adopted from it.
	Homes(ctx context.Context) ([]store.ForeignHome, error)
	// Taken returns those of the claims that an organization or user of orgd holds, and whose id.
	Taken(ctx context.Context, claims []tenant.Claim) (map[tenant.Claim]string, error)
}

// Options say what is looked at.
type Options struct {
	// Database is the other service's, Own is orgd's.
	Database, Own string
	// Organizations and Users are the other service's collections, in which no organization has its data.
	Organizations, Users string
}

// Status is what becomes of an organization.
type Status string

// The statuses.
const (
	// Adoptable: nothing keeps it from being adopted.
	Adoptable Status = "adoptable"
	// Adopted: it was, at this run.
	Adopted Status = "adopted"
	// Already: it was, earlier.
	Already Status = "adopted already"
	// Refused: it is left as it is, for the reason.
	Refused Status = "refused"
)

// Verdict is what becomes of one organization of the other service.
type Verdict struct {
	Status Status
	// ID and Name are as the other service has them, whatever signs are in them.
	ID, Name string
	// Reason says why it is refused, and how to mend that. A terminal may show it.
	Reason string
	// Candidate is what is adopted; nil unless Adoptable.
	Candidate *Candidate
	// DirectWriters and Deleted say how one stands that was adopted already: programs write to it, as was said then, and it has been
	// deleted since.
	DirectWriters, Deleted bool
}

// Candidate is an organization that can be adopted.
type Candidate struct {
	// Origin names the other service's organization, the same at each run.
	Origin       string
	Name         tenant.Name
	Email        tenant.Email
	PasswordHash string
	// Placement is where its data is, and UUID that collection's identity.
	Placement tenant.Placement
	UUID      []byte
	CreatedAt time.Time
}

// Left is a person who is not taken over although no organization is refused for it.
type Left struct {
	ID, Email string
	Reason    string
}

// Plan is the judgement on a whole database. It holds a record of each organization and person, and none of their data.
type Plan struct {
	// Verdicts are in the order in which the database has the organizations.
	Verdicts []*Verdict
	Left     []Left
}

// Count returns how many organizations have the status.
func (p *Plan) Count(status Status) (n int) {
	for _, v := range p.Verdicts {
		if v.Status == status {
			n++
		}
	}
	return n
}

// Judge reads the other service's organizations and people, and decides about each. It writes nothing.
func Judge(ctx context.Context, from Source, o Options) (*Plan, error) {
	j := &judge{Options: o, people: newPeople()}
	var err error
	if j.collections, err = from.Collections(ctx); err != nil {
		return nil, err
	}
	homes, err := from.Homes(ctx)
	if err != nil {
		return nil, err
	}
	j.knowHomes(homes)
	if err := from.Users(ctx, func(u store.ForeignUser) error { j.people.add(u); return nil }); err != nil {
		return nil, err
	}
	if err := from.Organizations(ctx, func(org store.ForeignOrg) error { j.add(org); return nil }); err != nil {
		return nil, err
	}
	j.compare()
	if err := j.meetOrgd(ctx, from); err != nil {
		return nil, err
	}
	return j.plan(), nil
}
