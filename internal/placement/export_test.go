package placement

import "github.com/orgd/orgd/internal/store"

// RenewAtOnce has the directory look after its facts in the goroutine of whoever causes it.
func (d *Directory) RenewAtOnce() { d.renewal.spawn = func(look func()) { look() } }

// ReadFrom has the directory read from another store from now on.
func (d *Directory) ReadFrom(orgs store.Orgs) { d.orgs = orgs }
