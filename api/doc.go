// Package api is the language that orgd speaks over HTTP: the JSON of its requests and answers, and the closed list of
// error codes. It needs nothing but the standard library, so that clients can import it alone; openapi.yaml beside it says
// the same in OpenAPI 3.1.
//
// The tags doc and example end up in that description. A pointer with omitempty is a member that may be left out; null
// means the same as leaving it out.
package api
