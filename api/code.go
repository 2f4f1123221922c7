package api

// Code says what kind of failure a [Problem] is, for programs. Clients should treat one that they do not know by the
// status alone.
type Code string

// What was wrong with the request.
const (
	// CodeMalformed (400): the body is not JSON, or the query is not a query.
	CodeMalformed Code = "malformed"
	// CodeInvalid (422): a value breaks a rule; [Problem.Errors] names each.
	CodeInvalid Code = "invalid"
	// CodeBodyTooLarge (413): the body exceeds ORGD_BODY_LIMIT.
	CodeBodyTooLarge Code = "body_too_large"
	// CodeUnsupportedMediaType (415): the body is not declared as JSON, or is compressed.
	CodeUnsupportedMediaType Code = "unsupported_media_type"
	// CodeMethodNotAllowed (405): the path exists, but not with this method; the header Allow lists those that do.
	CodeMethodNotAllowed Code = "method_not_allowed"
	// CodeMisdirected (421): the Host header names a server that this one is not.
	CodeMisdirected Code = "misdirected_request"
	// CodeRequestTimeout (408): the body did not arrive in time.
	CodeRequestTimeout Code = "request_timeout"
)

// What the caller may not do or see.
const (
	// CodeUnauthenticated (401): no access token, or one that is worth nothing (any more); also wrong credentials.
	CodeUnauthenticated Code = "unauthenticated"
	// CodeStaleAuthentication (401): the act needs a password entered recently (RFC 9470).
	CodeStaleAuthentication Code = "insufficient_user_authentication"
	// CodeForbidden (403): the caller is known, and may not do this.
	CodeForbidden Code = "forbidden"
	// CodeNotFound (404): there is no such thing, or the caller may not know that there is.
	CodeNotFound Code = "not_found"
	// CodeThrottled (429): too many attempts; the header Retry-After says when to come back.
	CodeThrottled Code = "throttled"
	// CodeLimit (403): a limit of the installation is reached.
	CodeLimit Code = "limit_reached"
	// CodeQuota (403): the organization's documents would exceed ORGD_TENANT_BYTES.
	CodeQuota Code = "quota_exceeded"
)

// What conflicts with the state of things.
const (
	// CodeNameTaken (409): another organization bears the name.
	CodeNameTaken Code = "name_taken"
	// CodeSlugTaken (409): another organization's name, spelled differently, reads the same in a path.
	CodeSlugTaken Code = "slug_taken"
	// CodeEmailTaken (409): another person signs in with the address.
	CodeEmailTaken Code = "email_taken"
	// CodeIDTaken (409): something else has the id already.
	CodeIDTaken Code = "id_taken"
	// CodeConflict (409): the thing changed meanwhile, or is in a state that does not allow the act.
	CodeConflict Code = "conflict"
	// CodeOperationInProgress (409): another operation on the same organization did not end in time.
	CodeOperationInProgress Code = "operation_in_progress"
	// CodePrecondition (412): the version in If-Match is not the current one, or If-None-Match: * met something.
	CodePrecondition Code = "precondition_failed"
	// CodePreconditionRequired (428): an operator deletes by name or slug and must send If-Match.
	CodePreconditionRequired Code = "precondition_required"
	// CodeIdempotencyInProgress (409): the first request with this Idempotency-Key has not ended.
	CodeIdempotencyInProgress Code = "idempotency_in_progress"
	// CodeIdempotencyMismatch (422): the Idempotency-Key was used with another request.
	CodeIdempotencyMismatch Code = "idempotency_mismatch"
)

// What went wrong on the server's side.
const (
	// CodeUnavailable (503): the store cannot answer now; try again after Retry-After.
	CodeUnavailable Code = "unavailable"
	// CodeUnknownOutcome (503): a write was sent and its answer lost; it may have taken effect. Read before writing again.
	CodeUnknownOutcome Code = "unknown_outcome"
	// CodeStorageFull (507): the disk is nearly full; reads still work, and deletions too until it is full to the last.
	CodeStorageFull Code = "storage_full"
	// CodeInternal (500): a defect of orgd; its log says more under the request id.
	CodeInternal Code = "internal"
)

// Codes is the closed list.
var Codes = []Code{
	CodeMalformed, CodeInvalid, CodeBodyTooLarge, CodeUnsupportedMediaType, CodeMethodNotAllowed, CodeMisdirected,
	CodeRequestTimeout,
	CodeUnauthenticated, CodeStaleAuthentication, CodeForbidden, CodeNotFound, CodeThrottled, CodeLimit, CodeQuota,
	CodeNameTaken, CodeSlugTaken, CodeEmailTaken, CodeIDTaken, CodeConflict, CodeOperationInProgress, CodePrecondition,
	CodePreconditionRequired, CodeIdempotencyInProgress, CodeIdempotencyMismatch,
	CodeUnavailable, CodeUnknownOutcome, CodeStorageFull, CodeInternal,
}
