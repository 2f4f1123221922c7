// Package e2e tells stories over the built program: what people do with orgd, with requests to a server that runs in a
// process of its own, and with kills and restarts in the middle. Nobody calls it.
//
// The invariant: a story sees what a client or an operator sees. It sends requests, runs commands and lists the files that a
// server left behind; only the inspectors of the stores in stores_test.go and stores_mongo_test.go look at what the server
// wrote.
package e2e
