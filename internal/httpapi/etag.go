package httpapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// etag is what an ETag says (RFC 9110 section 8.8.3): `"<version>.<mark>"`, or `"<version>"` where there is no mark.
type etag struct {
	version int64
	// mark tells apart what has the same version, in base 36. Of a document it is the milliseconds at which it was created, since
	// one that is made anew under the id of a deleted one begins at version 1 again. Of an organization it is the version of its
	// owner's record, since that holds the address that is shown with it. 0 is none.
	mark int64
}

// documentTag is the tag of a document. One that an application wrote past orgd tells no creation, and has no mark.
func documentTag(doc *tenant.Document) etag {
	t := etag{version: doc.Version}
	if !doc.CreatedAt.IsZero() {
		t.mark = doc.CreatedAt.UnixMilli()
	}
	return t
}

// revision is the state of a document that the tag demands.
func (t etag) revision() tenant.Revision {
	r := tenant.Revision{Version: t.version}
	if t.mark != 0 {
		r.CreatedAt = time.UnixMilli(t.mark).UTC()
	}
	return r
}

// String is the tag as a header has it; the zero value is no tag.
func (t etag) String() string {
	text := strconv.FormatInt(t.version, 10)
	if t.mark != 0 {
		text += "." + strconv.FormatInt(t.mark, 36)
	}
	return `"` + text + `"`
}

// ifMatch reads the header If-Match: the tag that must be current, the zero value without the header. Of the forms that RFC
// 9110 allows, one strong tag is taken: who changes something has read it. It may lack the mark, for clients that make it of
// the version in a body; then it demands the version alone.
func ifMatch(header string) (etag, error) {
	header = strings.TrimSpace(header)
	if header == "" {
		return etag{}, nil
	}
	text, mark, marked := strings.Cut(strings.Trim(header, `"`), ".")
	var t etag
	var err error
	t.version, err = strconv.ParseInt(text, 10, 64)
	if err == nil && marked {
		t.mark, err = strconv.ParseInt(mark, 36, 64)
	}
	if err != nil || t.version < 1 || t.String() != header {
		return etag{}, tenant.Invalid("header.If-Match", "etag", `If-Match takes one ETag as it was received, such as "3.mkd2x9qo"`)
	}
	return t, nil
}

// ifAbsent reads the header If-None-Match of a PUT, which takes * alone.
func ifAbsent(header string) (bool, error) {
	switch strings.TrimSpace(header) {
	case "":
		return false, nil
	case "*":
		return true, nil
	default:
		return false, tenant.Invalid("header.If-None-Match", "etag", "If-None-Match takes * here: write only if there is nothing yet")
	}
}

// unchanged reports whether If-None-Match of a GET names the current tag, so that the answer is 304. Here weak tags count too.
func unchanged(header, current string) bool {
	if header == "" {
		return false
	}
	for other := range strings.SplitSeq(header, ",") {
		other = strings.TrimPrefix(strings.TrimSpace(other), "W/")
		if other == current || other == "*" {
			return true
		}
	}
	return false
}
