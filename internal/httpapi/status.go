package httpapi

import (
	"net/http"

	"github.com/orgd/orgd/api"
)

// statuses is the one table from codes to HTTP statuses. It has every code of api.Codes, which has every code of
// internal/tenant; a test compares the three.
var statuses = map[api.Code]int{
	api.CodeMalformed:             http.StatusBadRequest,
	api.CodeInvalid:               http.StatusUnprocessableEntity,
	api.CodeBodyTooLarge:          http.StatusRequestEntityTooLarge,
	api.CodeUnsupportedMediaType:  http.StatusUnsupportedMediaType,
	api.CodeMethodNotAllowed:      http.StatusMethodNotAllowed,
	api.CodeMisdirected:           http.StatusMisdirectedRequest,
	api.CodeRequestTimeout:        http.StatusRequestTimeout,
	api.CodeUnauthenticated:       http.StatusUnauthorized,
	api.CodeStaleAuthentication:   http.StatusUnauthorized,
	api.CodeForbidden:             http.StatusForbidden,
	api.CodeNotFound:              http.StatusNotFound,
	api.CodeThrottled:             http.StatusTooManyRequests,
	api.CodeLimit:                 http.StatusForbidden,
	api.CodeQuota:                 http.StatusForbidden,
	api.CodeNameTaken:             http.StatusConflict,
	api.CodeSlugTaken:             http.StatusConflict,
	api.CodeEmailTaken:            http.StatusConflict,
	api.CodeIDTaken:               http.StatusConflict,
	api.CodeConflict:              http.StatusConflict,
	api.CodeOperationInProgress:   http.StatusConflict,
	api.CodePrecondition:          http.StatusPreconditionFailed,
	api.CodePreconditionRequired:  http.StatusPreconditionRequired,
	api.CodeIdempotencyInProgress: http.StatusConflict,
	api.CodeIdempotencyMismatch:   http.StatusUnprocessableEntity,
	api.CodeUnavailable:           http.StatusServiceUnavailable,
	api.CodeUnknownOutcome:        http.StatusServiceUnavailable,
	api.CodeStorageFull:           http.StatusInsufficientStorage,
	api.CodeInternal:              http.StatusInternalServerError,
}
