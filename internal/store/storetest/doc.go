// Package storetest owns the proof that a backend keeps the contract of internal/store. Only tests use it: each backend's
// conformance test calls [Run], and the tests of operations sweep faults over a store with [Sweep].
//
// The suite is a list of cases, one for each clause; there are no opt-outs and nothing asks a backend what it can do. It is
// tested itself: [Recorder] fails it if a method of the contract was never called, and a table of deliberately broken
// stores (broken_test.go) must each fail the case that is there for their defect.
//
// The invariant: a case depends on no other and leaves nothing that another could stumble over, so cases share one store and
// run at the same time. A case that looks at everything in a store gets its own.
package storetest
