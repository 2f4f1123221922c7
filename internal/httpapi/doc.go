// Package httpapi is the door through which the world reaches orgd over HTTP: it owns the routes, the JSON on the wire
// (whose types are in api), and the face of every error. Only cmd/orgd uses it.
//
// The invariant: an answer is either what a route's type says or a problem (RFC 9457) with a code of the closed list, and
// neither holds anything that the caller may not know, nor a value that the caller sent. No rule of the product lives here:
// each route is typed input, one call of an operation room, typed output.
//
// A request passes, in this order: the exchange (request id, client address, access log, metrics), recover, the security
// headers, the host check, CORS, the table of paths; then, on a known route, the bearer token, the form of the request
// (media type, query, Idempotency-Key), Huma (body, types), the operation. See [Server] and routes.go.
package httpapi
