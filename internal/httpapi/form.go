package httpapi

import (
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// checkForm refuses requests whose outer form could be read in two ways, before anything reads them: bodies that are not
// declared as JSON or are compressed, queries with unknown, repeated or half-written parameters.
func (rt *route) checkForm(r *http.Request) error {
	for _, encoding := range r.Header["Content-Encoding"] {
		if encoding != "" && !strings.EqualFold(encoding, "identity") {
			return refusal(api.CodeUnsupportedMediaType, "send the body without Content-Encoding")
		}
	}
	if err := rt.checkMedia(r); err != nil {
		return err
	}
	if err := rt.checkQuery(r.URL.RawQuery); err != nil {
		return err
	}
	if err := rt.checkConditions(r.Header); err != nil {
		return err
	}
	return rt.checkKey(r.Header)
}

// checkMedia takes a body only under one of the route's media types.
func (rt *route) checkMedia(r *http.Request) error {
	if len(rt.media) == 0 || r.ContentLength == 0 {
		return nil // a body that is missing is told by what it should have held
	}
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || !slices.Contains(rt.media, media) || len(r.Header["Content-Type"]) > 1 {
		return refusal(api.CodeUnsupportedMediaType, "send the body as Content-Type: "+rt.media[0])
	}
	r.Header.Set("Content-Type", media) // its case and parameters mean nothing, and Huma takes them for another type
	if r.ContentLength > rt.limit {
		return tooLarge(rt.limit) // before it is sent, if the client waits for 100
	}
	return nil
}

// checkConditions refuses headers that make a write depend on something and do not say on what: an empty one would let it through, and
// of two the second would not count.
func (rt *route) checkConditions(h http.Header) error {
	if rt.method == http.MethodGet {
		return nil
	}
	for _, name := range []string{"If-Match", "If-None-Match"} {
		if values, sent := h[name]; sent && (len(values) != 1 || strings.TrimSpace(values[0]) == "") {
			return tenant.Invalid("header."+name, "empty", name+" is sent once and names an ETag, or is left out")
		}
	}
	return nil
}

// checkQuery takes each known parameter once. A parameter without = is refused because readers differ on what it means.
func (rt *route) checkQuery(raw string) error {
	if raw == "" {
		return nil
	}
	var fields []tenant.FieldError
	seen := make([]string, 0, 4)
	for pair := range strings.SplitSeq(raw, "&") {
		name, _, hasValue := strings.Cut(pair, "=")
		name, err := url.QueryUnescape(name)
		if _, valueErr := url.QueryUnescape(pair); err != nil || valueErr != nil || !hasValue || strings.Contains(pair, ";") {
			return refusal(api.CodeMalformed, "the query is malformed: write name=value, joined by &, with other signs %-escaped")
		}
		location := "query." + fieldName(name)
		switch {
		case !slices.Contains(rt.query, name):
			fields = append(fields, tenant.FieldError{Location: location, Code: "unknown", Message: "there is no such parameter"})
		case slices.Contains(seen, name):
			fields = append(fields, tenant.FieldError{Location: location, Code: "repeated", Message: "this parameter is given more than once"})
		}
		seen = append(seen, name)
	}
	if len(fields) > 0 {
		return invalidFields(fields)
	}
	return nil
}

// fieldName makes the name of a member or parameter that a client chose fit for an error.
func fieldName(name string) string {
	const longest = 64
	if len(name) > longest || name != access.CleanClientText(name) {
		return "?"
	}
	return name
}

// invalidFields makes a CodeInvalid error about several fields, whose message names each.
func invalidFields(fields []tenant.FieldError) error {
	const told = 5
	var parts []string
	for i, f := range fields {
		if i == told {
			parts = append(parts, "and more")
			break
		}
		parts = append(parts, f.Location+": "+f.Message)
	}
	return &tenant.Error{Code: tenant.CodeInvalid, Message: strings.Join(parts, "; "), Fields: fields}
}
