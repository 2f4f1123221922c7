package storetest

import (
	"slices"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func installationCases() []Case {
	return about("Installation",
		clause{name: "FoundOnce", alone: true, check: installationIsFoundOnce},
		clause{name: "IssuerIsSetOnce", alone: true, check: issuerIsSetOnce},
		clause{name: "FoundWithAnIssuerKeepsIt", alone: true, check: issuerOfAFoundingStays},
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

// What is founded without an issuer gets that of the first server that is ready, and no other server changes it.
func issuerIsSetOnce(d *desk) {
	_, err := d.Installation.SetIssuer(d.Context(), "https://early.example.com")
	d.want(tenant.CodeNotFound, err, "set the issuer of nothing")
	want := settled(tenant.Installation{ID: tenant.NewID(), CreatedAt: noon})
	got, err := d.Installation.Found(d.Context(), want)
	d.need(err, "found without an issuer")
	d.same(got, want, "the installation without an issuer")
	given := make([]string, crowd)
	for i := range given {
		given[i] = "https://example.com/" + token()
	}
	set := together(crowd, func(i int) tenant.Installation {
		got, err := d.Installation.SetIssuer(d.Context(), given[i])
		if err != nil {
			d.Errorf("server %d: %v", i, err)
		}
		return got
	})
	later, err := d.Installation.Found(d.Context(), tenant.Installation{ID: tenant.NewID(), Issuer: "x", CreatedAt: noon})
	d.need(err, "start again")
	for i, got := range set {
		d.same(got, later, "the installation that server %d serves", i)
	}
	if want.Issuer = later.Issuer; !slices.Contains(given, later.Issuer) {
		d.Errorf("the issuer %q is none of those that the servers brought", later.Issuer)
	}
	d.same(later, want, "the installation with its issuer")
}

func issuerOfAFoundingStays(d *desk) {
	want, err := d.Installation.Found(d.Context(), tenant.Installation{ID: tenant.NewID(), Issuer: "https://example.com", CreatedAt: noon})
	d.need(err, "found with an issuer")
	got, err := d.Installation.SetIssuer(d.Context(), "https://late.example.com")
	d.need(err, "set another")
	d.same(got, want, "the installation")
}
