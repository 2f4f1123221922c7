package tenant

import (
	"slices"
	"time"
)

// Quarantined is a physical name at which something that was sent earlier may still arrive: a write to the place that the
// organization has left, or a rename that was sent twice. Until its time is over nothing is created there or moved there, be it
// the organization's own data.
type Quarantined struct {
	Namespace string
	Until     time.Time
	// Look is when the name is looked at next, and what arrived there is carried to the organization.
	Look time.Time
	// Swept says that it was looked at since its time is over.
	Swept bool
}

// IsQuarantined reports whether the physical name is in quarantine.
func (o *Organization) IsQuarantined(namespace string) bool {
	return slices.ContainsFunc(o.Quarantine, func(q Quarantined) bool { return q.Namespace == namespace })
}

// PutInQuarantine keeps a physical name until then, or longer if it is in quarantine for longer already, and has it looked at first
// at look.
func (o *Organization) PutInQuarantine(namespace string, until, look time.Time) {
	for i := range o.Quarantine {
		if q := &o.Quarantine[i]; q.Namespace == namespace {
			if until.After(q.Until) {
				q.Until = until
			}
			q.Look, q.Swept = look, false
			return
		}
	}
	o.Quarantine = append(o.Quarantine, Quarantined{Namespace: namespace, Until: until, Look: look})
}

// EndQuarantine takes the physical name out of quarantine.
func (o *Organization) EndQuarantine(namespace string) {
	o.Quarantine = slices.DeleteFunc(o.Quarantine, func(q Quarantined) bool { return q.Namespace == namespace })
	if len(o.Quarantine) == 0 {
		o.Quarantine = nil
	}
}

// LookAgain has a name in quarantine looked at once more. Swept says that its time was over at the last look.
func (o *Organization) LookAgain(namespace string, look time.Time, swept bool) {
	for i := range o.Quarantine {
		if q := &o.Quarantine[i]; q.Namespace == namespace {
			q.Look, q.Swept = look, swept
		}
	}
}

// QuarantineDue returns when the first name in quarantine is to be looked at; zero without any.
func (o *Organization) QuarantineDue() (due time.Time) {
	for _, q := range o.Quarantine {
		if due.IsZero() || q.Look.Before(due) {
			due = q.Look
		}
	}
	return due
}

// QuarantineClaims are the claims on the physical names that are kept from others: those in quarantine, and those that stay so for
// good. An organization in the trash has no others.
func (o *Organization) QuarantineClaims() (claims []Claim) {
	for _, q := range o.Quarantine {
		claims = withPlace(claims, q.Namespace)
	}
	for _, name := range o.Kept {
		claims = withPlace(claims, name)
	}
	return claims
}

func withPlace(claims []Claim, namespace string) []Claim {
	if claim := PlaceClaim(namespace); !slices.Contains(claims, claim) {
		claims = append(claims, claim)
	}
	return claims
}

// RestClaims are the claims of the organization at rest: those of its identity and of [Organization.QuarantineClaims].
func (o *Organization) RestClaims() []Claim {
	claims := IdentityClaims(o.Name, o.Slug, o.Placement)
	for _, claim := range o.QuarantineClaims() {
		if !slices.Contains(claims, claim) {
			claims = append(claims, claim)
		}
	}
	return claims
}

// Keep keeps a physical name that the data has left from other organizations for good. The organization's own data may return.
func (o *Organization) Keep(namespace string) {
	if !o.Keeps(namespace) {
		o.Kept = append(o.Kept, namespace)
	}
}

// Keeps reports whether the physical name is kept from others for good.
func (o *Organization) Keeps(namespace string) bool { return slices.Contains(o.Kept, namespace) }

// HomeFor returns the physical name where the organization's data belongs under a slug: org_<slug>, or for its present one its
// Home if it has one. Data that was adopted belongs where it was found until the first rename, and where another organization
// keeps org_<slug> for good the data belongs where it is.
func (o *Organization) HomeFor(slug Slug) string {
	if slug == o.Slug && o.Home != "" {
		return o.Home
	}
	return NamespaceOf(slug)
}

// FreeNamespace returns the physical name for the slug that the data of the organization may go to: its home, or with an ending of
// the organization's id, or of the operation's, where the ones before are in quarantine. The bool narrows it to those with an
// ending, for where another organization keeps the home's name.
func (o *Organization) FreeNamespace(slug Slug, op OperationID, other bool) string {
	plain := o.HomeFor(slug)
	own := plain + "_" + ending(string(o.ID))
	switch {
	case !other && !o.IsQuarantined(plain):
		return plain
	case !o.IsQuarantined(own):
		return own
	default:
		return plain + "_" + ending(string(op))
	}
}

// ending returns the last eight digits of an id.
func ending(id string) string { return id[max(0, len(id)-8):] }
