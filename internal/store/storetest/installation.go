package storetest

import (
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func installationCases() []Case {
	return about("Installation",
		clause{name: "FoundOnce", alone: true, check: installationIsFoundOnce},
	)
}

// Of many servers that start on a fresh store one founds the installation, and all serve that one; so does a later start.
func installationIsFoundOnce(d *desk) {
	given := make([]tenant.Installation, crowd)
	for i := range given {
		created := noon.Add(time.Duration(i) * time.Second)
		given[i] = tenant.Installation{ID: tenant.NewID(), Issuer: "https://example.com/" + token(), CreatedAt: created}
	}
	found := together(crowd, func(i int) tenant.Installation {
		got, err := d.Installation.Found(d.Context(), given[i])
		if err != nil {
			d.Errorf("start %d: %v", i, err)
		}
		return got
	})
	later, err := d.Installation.Found(d.Context(), tenant.Installation{ID: tenant.NewID(), Issuer: "x", CreatedAt: noon})
	d.need(err, "start again")
	for i, got := range found {
		d.same(got, later, "the installation that start %d serves", i)
	}
	if !slices.ContainsFunc(given, func(g tenant.Installation) bool { return equal(settled(g), later) }) {
		d.Errorf("the installation %+v is none of those that the starts brought", later)
	}
}
