package httpapi

import (
	"errors"
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
		return exchangeOf(ctx.Context()).problem(fromHuma(status, message, errs))
	}
})

// fromHuma translates what Huma found wrong with a request.
func fromHuma(status int, message string, errs []error) *problem {
	switch {
	case status == http.StatusRequestEntityTooLarge:
		return refusal(api.CodeBodyTooLarge, "the body is too large; ORGD_BODY_LIMIT is the limit")
	case status == http.StatusRequestTimeout:
		return refusal(api.CodeRequestTimeout, "the body did not arrive in time; send it again")
	case status == http.StatusInternalServerError && message == "cannot read request body":
		return refusal(api.CodeMalformed, "the body ended before its announced length")
	case status == http.StatusBadRequest && message == "request body is required":
		return problemFrom(tenant.Invalid("body", "required", "a JSON body is needed"))
	case status == http.StatusBadRequest:
		return refusal(api.CodeMalformed, "the body is not valid JSON: "+bodyFault(errs))
	case status == http.StatusUnprocessableEntity:
		return problemFrom(invalidFields(fieldErrors(errs)))
	default:
		return problemFrom(errors.Join(errs...))
	}
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
		validation.MsgExpectedString:     {Code: "type", Message: "this is a string"},
		validation.MsgExpectedObject:     {Code: "type", Message: "this is an object"},
		validation.MsgExpectedInteger:    {Code: "type", Message: "this is a whole number"},
		"invalid integer":                {Code: "type", Message: "this is a whole number"},
		validation.MsgExpectedBoolean:    {Code: "type", Message: "this is true or false"},
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
