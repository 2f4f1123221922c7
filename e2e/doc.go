// Package e2e tells stories over the built program: what people do with orgd, with requests to a server that runs in a
// process of its own, and with kills and restarts in the middle. Nobody calls it.
//
// The invariant: a story sees what a client or an operator sees. It sends requests, runs commands and lists the files that a
// server left behind; only the inspector of a store in stores_test.go opens what the server wrote, and only after its end.
package e2e
