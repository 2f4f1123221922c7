package mongo

import (
	"context"
	"errors"
	"slices"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/orgd/orgd/internal/tenant"
)

// errLost says that a compare-and-swap found another version; the update begins anew.
var errLost = errors.New("the document changed meanwhile")

// errTaken says that a unique key was in the way. Which one, the caller finds by looking who holds what: engines differ in
// what they tell.
var errTaken = errors.New("a unique key is taken")

// rightMissing is the sentence about a command that the server forbids.
const rightMissing = "the database user lacks a right that this needs"

// Codes of the server's errors, as its error_codes.yml names them.
const (
	codeInternalError               = 1
	codeHostUnreachable             = 6
	codeUnauthorized                = 13
	codeAuthenticationFailed        = 18
	codeNamespaceNotFound           = 26
	codeNamespaceExists             = 48
	codeMaxTimeExpired              = 50
	codeWriteConcernFailed          = 64
	codeIndexOptionsConflict        = 85
	codeIndexKeySpecsConflict       = 86
	codeNetworkTimeout              = 89
	codeShutdownInProgress          = 91
	codeWriteConflict               = 112
	codeDocumentValidationFailure   = 121
	codePrimarySteppedDown          = 189
	codeExceededTimeLimit           = 262
	codeIndexBuildAborted           = 276
	codeIndexBuildAlreadyInProgress = 285
	codeCollectionUUIDMismatch      = 361
	codeSocketException             = 9001
	codeNotWritablePrimary          = 10107
	codeObjectTooLarge              = 10334
	codeInterruptedAtShutdown       = 11600
	codeInterrupted                 = 11601
	codeInterruptedByStepDown       = 11602
	codeNotPrimaryNoSecondaryOk     = 13435
	codeOutOfDiskSpace              = 14031
	codeDocumentTooLarge            = 17419
	codeResultTooLarge              = 17420
)

// translate turns a failure of the driver into a *tenant.Error, by its code and never by its text. What is one already (a
// *store.ClaimError wraps one), errLost and errTaken pass as they are.
func translate(err error) error {
	switch {
	case err == nil || ours(err):
		return err
	case mongo.IsDuplicateKeyError(err):
		return taken(err)
	case unsent(err):
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database server cannot be reached")
	case errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded):
		return overdue(err)
	case hasCode(err, codeUnauthorized, codeAuthenticationFailed):
		return tenant.Wrap(tenant.CodeUnavailable, err, rightMissing)
	case hasCode(err, codeOutOfDiskSpace):
		return tenant.Wrap(tenant.CodeStorageFull, err, "the database server's disk is full; deletions still work")
	case hasCode(err, codeObjectTooLarge, codeDocumentTooLarge, codeResultTooLarge):
		return tooLarge()
	default:
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database server cannot answer")
	}
}

// ours reports an error that is one of the contract's, or of this package's, already.
func ours(err error) bool {
	_, known := errors.AsType[*tenant.Error](err)
	return known || errors.Is(err, errLost) || errors.Is(err, errTaken)
}

// hasCode reports a server's error with one of the codes.
func hasCode(err error, codes ...int) bool {
	return slices.ContainsFunc(mongo.ErrorCodes(err), func(code int) bool { return slices.Contains(codes, code) })
}

// unsent reports that a command never left: no server was found, or no connection was free.
func unsent(err error) bool {
	if _, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		return true
	}
	_, waited := errors.AsType[topology.WaitQueueTimeoutError](err)
	return waited
}

// codesUnsettled are of errors that a server may answer with after the write took effect, or before: it was interrupted, shut
// down or became a secondary while it waited for others, or lost what stands behind it (a router its shard, an engine its
// database).
var codesUnsettled = []int{
	codeInternalError, codeHostUnreachable, codeMaxTimeExpired, codeWriteConcernFailed, codeNetworkTimeout, codeShutdownInProgress,
	codePrimarySteppedDown, codeExceededTimeLimit, codeSocketException, codeInterruptedAtShutdown, codeInterrupted, codeInterruptedByStepDown,
}

// answered reports that err settles what became of a write: the server refused it, or never got it. Otherwise it may have
// taken effect, or may still do so.
func answered(err error) bool {
	if ours(err) || errors.Is(err, mongo.ErrNoDocuments) || unsent(err) {
		return true
	}
	if hasCode(err, codesUnsettled...) {
		return false
	}
	if e, ok := errors.AsType[mongo.WriteException](err); ok {
		return e.WriteConcernError == nil && len(e.WriteErrors) > 0
	}
	if e, ok := errors.AsType[mongo.BulkWriteException](err); ok {
		return e.WriteConcernError == nil && len(e.WriteErrors) > 0
	}
	if e, ok := errors.AsType[mongo.CommandError](err); ok {
		return !e.HasErrorLabel("NetworkError") && !e.HasErrorLabel("RetryableWriteError")
	}
	return false
}

// missing turns the answer without a document into CodeNotFound for a thing of that name.
func missing(err error, what string) error {
	if errors.Is(err, mongo.ErrNoDocuments) {
		return tenant.Errorf(tenant.CodeNotFound, "there is no such %s", what)
	}
	return err
}

// idTaken is the error about an id that another thing of that name has.
func idTaken(what string) error {
	return tenant.Errorf(tenant.CodeIDTaken, "another %s has this id", what)
}

// tooLarge is the error about a document that fits JSON's limit and not BSON's.
func tooLarge() error {
	return tenant.Invalid("body", "too_long", "the document has too many members to be stored; split it")
}

// overdue is the error of a context that ended before anything happened.
func overdue(cause error) error {
	message := "the time for this request is over"
	if errors.Is(cause, context.Canceled) {
		message = "the request was given up"
	}
	return tenant.Wrap(tenant.CodeUnavailable, cause, message)
}

// unknown is the error of a write whose answer was lost.
func unknown(cause error) error {
	return tenant.Wrap(tenant.CodeUnknownOutcome, cause, "the database server's answer was lost; the write may have taken effect")
}
