package tenant

import "strings"

// Claim is a name that at most one document of the catalog holds: "name:<key>", "slug:<slug>" or "place:<namespace>" of
// an organization, "email:<address>" of a user or operator. All claims of a kind of document lie in one unique index, so
// that uniqueness never rests on a check before an insert.
type Claim string

// NameClaim is the claim on an organization's name.
func NameClaim(key NameKey) Claim { return Claim("name:" + string(key)) }

// SlugClaim is the claim on an organization's slug.
func SlugClaim(s Slug) Claim { return Claim("slug:" + string(s)) }

// PlaceClaim is the claim on a physical namespace of tenant data.
func PlaceClaim(namespace string) Claim { return Claim("place:" + namespace) }

// EmailClaim is the claim on an address.
func EmailClaim(e Email) Claim { return Claim("email:" + string(e)) }

// TakenCode returns the code that tells a caller which kind of claim was in the way.
func (c Claim) TakenCode() Code {
	kind, _, _ := strings.Cut(string(c), ":")
	switch kind {
	case "name":
		return CodeNameTaken
	case "email":
		return CodeEmailTaken
	default:
		return CodeSlugTaken
	}
}

// IdentityClaims are the claims of an organization at rest.
func IdentityClaims(name Name, slug Slug, p Placement) []Claim {
	return []Claim{NameClaim(name.Key()), SlugClaim(slug), PlaceClaim(p.Namespace)}
}
