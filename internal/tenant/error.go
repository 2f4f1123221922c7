package tenant

import (
	"errors"
	"fmt"
	"time"
)

// Code says what kind of failure an [Error] is. The list is closed: each code has one HTTP status in internal/httpapi
// and one entry in api.Codes, and tests compare the three.
type Code string

// The failures that rooms below HTTP report.
const (
	// CodeInvalid: a value breaks a rule of this package; [Error.Fields] names each.
	CodeInvalid Code = "invalid"
	// CodeNotFound: there is no such thing, or the caller may not know that there is.
	CodeNotFound Code = "not_found"
	// CodeNameTaken: another organization bears the name.
	CodeNameTaken Code = "name_taken"
	// CodeSlugTaken: another organization's name, spelled differently, yields the same slug.
	CodeSlugTaken Code = "slug_taken"
	// CodeEmailTaken: another person signs in with the address.
	CodeEmailTaken Code = "email_taken"
	// CodeIDTaken: something else has the id already.
	CodeIDTaken Code = "id_taken"
	// CodeConflict: the thing changed meanwhile, or is in a state that does not allow the act.
	CodeConflict Code = "conflict"
	// CodeOperationInProgress: another operation on the same organization did not end in time.
	CodeOperationInProgress Code = "operation_in_progress"
	// CodePrecondition: the version that the caller named is not the current one.
	CodePrecondition Code = "precondition_failed"
	// CodeUnauthenticated: the caller did not prove who they are.
	CodeUnauthenticated Code = "unauthenticated"
	// CodeStaleAuthentication: the act needs a password entered recently (RFC 9470).
	CodeStaleAuthentication Code = "insufficient_user_authentication"
	// CodeForbidden: the caller is known and may know of the thing, but may not do this.
	CodeForbidden Code = "forbidden"
	// CodeThrottled: too many attempts; [Error.RetryAfter] says when to come back.
	CodeThrottled Code = "throttled"
	// CodeLimit: a limit of the installation is reached (ORGD_MAX_ORGS, idempotency records of one caller).
	CodeLimit Code = "limit_reached"
	// CodeUnavailable: the store cannot answer now, or the wait for another operation was too long.
	CodeUnavailable Code = "unavailable"
	// CodeUnknownOutcome: a write was sent and its answer lost; it may have taken effect.
	CodeUnknownOutcome Code = "unknown_outcome"
	// CodeStorageFull: the disk is nearly full; reads still work, and deletions too until it is full to the last.
	CodeStorageFull Code = "storage_full"
	// CodeQuota: the organization's documents would exceed ORGD_TENANT_BYTES.
	CodeQuota Code = "quota_exceeded"
	// CodeIdempotencyInProgress: the first request with this Idempotency-Key has not ended.
	CodeIdempotencyInProgress Code = "idempotency_in_progress"
	// CodeIdempotencyMismatch: the Idempotency-Key was used with another request.
	CodeIdempotencyMismatch Code = "idempotency_mismatch"
	// CodeInternal: a defect of orgd. The caller learns no more than this.
	CodeInternal Code = "internal"
)

// Error is what every room reports: a code for programs and a sentence for people. The sentence says what happened, why,
// and what to do; it never holds a password, a token or a value that the caller sent.
type Error struct {
	Code    Code
	Message string
	// Fields names the parts of the input that were refused; only with CodeInvalid.
	Fields []FieldError
	// RetryAfter is how long the caller should wait before trying again; zero where that does not apply.
	RetryAfter time.Duration
	// Cause is the underlying failure, for the log alone.
	Cause error
}

// FieldError is one refused part of an input.
type FieldError struct {
	// Location is the wire path of the field, such as "body.organization_name".
	Location string
	// Code is a word for programs, such as "too_long".
	Code string
	// Message is a sentence for people; it never repeats the value.
	Message string
}

// Error returns the sentence, and the cause behind it, for logs and tests.
func (e *Error) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("%s: %v", e.Message, e.Cause)
	}
	return e.Message
}

// Unwrap returns the underlying failure.
func (e *Error) Unwrap() error { return e.Cause }

// Errorf makes an error of a code from a sentence.
func Errorf(code Code, format string, args ...any) *Error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Wrap makes an error of a code that hides cause from the caller and keeps it for the log.
func Wrap(code Code, cause error, message string) *Error {
	return &Error{Code: code, Message: message, Cause: cause}
}

// Invalid makes a CodeInvalid error about one field.
func Invalid(location, code, message string) *Error {
	return &Error{Code: CodeInvalid, Message: message, Fields: []FieldError{{Location: location, Code: code, Message: message}}}
}

// CodeOf returns the code of the first [Error] in err's chain, CodeInternal for any other error and "" for nil.
func CodeOf(err error) Code {
	if err == nil {
		return ""
	}
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return CodeInternal
}

// IsCode reports whether err is, or wraps, an [Error] of the code.
func IsCode(err error, code Code) bool { return err != nil && CodeOf(err) == code }
