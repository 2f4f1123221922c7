// Package barriertest explores the drain barrier: several servers, made of the real operations, gates and heartbeats, share a
// database that is only a model. Each command to it may be slow, arrive late or lose its answer; servers may stand still, be
// declared dead and wake again. Time is the test's, so thousands of stories pass in seconds.
//
// The invariant that every story is judged by, after every command: a stranger's collection is where the catalog says and holds
// the stranger's documents alone, no free name is blocked by a collection of nobody, an organization at rest is where the
// catalog says, and each document whose write was answered can still be found. The tests tell a story that breaks it for each
// rule of the barrier that is left out.
package barriertest
