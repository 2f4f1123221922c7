package orgs

import (
	"slices"

	"github.com/orgd/orgd/internal/tenant"
)

// union returns the claims of a, and those of b that are not among them.
func union(a, b []tenant.Claim) []tenant.Claim {
	all := slices.Clone(a)
	for _, claim := range b {
		if !slices.Contains(all, claim) {
			all = append(all, claim)
		}
	}
	return all
}
