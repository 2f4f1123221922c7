package httpapi

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/validation"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/tenant"
)

// useProblems makes Huma report every error as a problem of ours, without the values that its own model repeats. Huma is set
// up by its package's variables, so once for all servers of the process: exact case of member names, lists that are never
// null, and the two makers of errors, one for the description and one for requests.
var useProblems = sync.OnceFunc(func() {
	huma.ValidateStrictCasing, huma.DefaultArrayNullable = true, false
	huma.NewError = func(status int, message string, errs ...error) huma.StatusError {
		return fromHuma(status, message, errs)
	}
	huma.NewErrorWithContext = func(ctx huma.Context, status int, message string, errs ...error) huma.StatusError {
		if status == http.StatusRequestEntityTooLarge {
			return exchangeOf(ctx.Context()).problem(tooLarge(ctx.Operation().MaxBodyBytes - 1))
		}
		return exchangeOf(ctx.Context()).problem(fromHuma(status, message, errs))
	}
})

// fromHuma translates what Huma found wrong with a request.
func fromHuma(status int, message string, errs []error) *problem {
	switch {
	case status == http.StatusRequestTimeout:
		return refusal(api.CodeRequestTimeout, "the body did not arrive in time; send it again")
	case status == http.StatusInternalServerError && message == "cannot read request body":
		return refusal(api.CodeMalformed, "the body ended before its announced length")
	case status == http.StatusBadRequest && message == "request body is required":
		return problemFrom(tenant.Invalid("body", "required", "a JSON body is needed"))
	case status == http.StatusBadRequest:
		return notJSON(bodyFault(errs))
	case status == http.StatusUnprocessableEntity:
		return problemFrom(invalidFields(fieldErrors(errs)))
	default:
		return problemFrom(errors.Join(append(errs, errors.New(message))...))
	}
}

// notJSON is what the decoder refuses: also JSON that is beyond its limits, or could be read in two ways.
func notJSON(fault string) *problem {
	return refusal(api.CodeMalformed, "the body cannot be read as JSON: "+fault)
}

func tooLarge(limit int64) *problem {
	return refusal(api.CodeBodyTooLarge, fmt.Sprintf("the body is larger than %d bytes, the most that this server takes (ORGD_BODY_LIMIT)", limit))
}

// bodyFault returns what the decoder said, which names no value.
func bodyFault(errs []error) string {
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok && detail.Location == "body" {
			return detail.Message
		}
	}
	return "it cannot be read"
}

// fieldErrors translates validation errors; what Huma knows of the values is left behind.
func fieldErrors(errs []error) []tenant.FieldError {
	fields := make([]tenant.FieldError, 0, len(errs))
	for _, err := range errs {
		if detail, ok := errors.AsType[*huma.ErrorDetail](err); ok {
			fields = append(fields, fieldError(detail))
		}
	}
	return fields
}

var (
	missingPrefix, missingSuffix, _ = strings.Cut(validation.MsgExpectedRequiredProperty, "%s")

	// plainFaults are Huma's sentences that become ours.
	plainFaults = map[string]tenant.FieldError{
		validation.MsgUnexpectedProperty: {Code: "unknown", Message: "there is no such member"},
		validation.MsgExpectedString:     {Code: "type", Message: "this must be a string"},
		validation.MsgExpectedObject:     {Code: "type", Message: "this must be an object"},
		validation.MsgExpectedInteger:    {Code: "type", Message: "this must be a whole number"},
		"invalid integer":                {Code: "type", Message: "this must be a whole number"},
		validation.MsgExpectedBoolean:    {Code: "type", Message: "this must be true or false"},
	}
)

// fieldError translates one validation error.
func fieldError(detail *huma.ErrorDetail) tenant.FieldError {
	location := safeLocation(detail.Location)
	if name, ok := strings.CutPrefix(detail.Message, missingPrefix); ok {
		name = strings.TrimSuffix(name, missingSuffix)
		return tenant.FieldError{Location: location + "." + name, Code: "required", Message: "this member is missing"}
	}
	if strings.HasPrefix(detail.Message, "required ") {
		return tenant.FieldError{Location: location, Code: "required", Message: "this parameter is missing"}
	}
	if fault, ok := plainFaults[detail.Message]; ok {
		fault.Location = location
		return fault
	}
	return tenant.FieldError{Location: location, Code: "invalid", Message: detail.Message}
}

// safeLocation returns a location whose names may be the client's own, in a form fit for an error.
func safeLocation(location string) string {
	root, name, ok := strings.Cut(location, ".")
	if !ok {
		return location
	}
	return root + "." + fieldName(name)
}
