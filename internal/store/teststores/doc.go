// Package teststores owns the table of stores over which the suites of the other rooms run. Only tests use it: the TestMain
// of such a package hands its tests to [Each], which runs all of them once for each store, and its tests open the store of
// the present run with [Open]. So no test knows which stores there are, and none can be forgotten.
//
// A test that lets time stand still (testing/synctest) opens [SQLite] by its name: a bubble's time does not pass while
// somebody waits for a network, so a server outside it cannot be its store. One of several servers on one database has its stores
// from [Shared]. Nothing else is a reason for that.
//
// The invariant: whatever a suite does on MongoDB, no command touches a tenant's collection outside a call of the contract
// that names this tenant. A monitor sees every command, and fails the test; it believes nothing of what the store says about
// itself but the context that it hands on.
package teststores
