package httpapi

import (
	"strconv"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

// etag is the entity tag of a version (RFC 9110 section 8.8.3).
func etag(version int64) string { return `"` + strconv.FormatInt(version, 10) + `"` }

// ifMatch reads the header If-Match: the version that must be current, 0 without the header. Of the forms that RFC 9110
// allows, one strong tag is taken: who changes something has read it.
func ifMatch(header string) (int64, error) {
	header = strings.TrimSpace(header)
	if header == "" {
		return 0, nil
	}
	quoted, ok := strings.CutPrefix(header, `"`)
	digits, closed := strings.CutSuffix(quoted, `"`)
	version, err := strconv.ParseInt(digits, 10, 64)
	if !ok || !closed || err != nil || version < 1 || etag(version) != header {
		return 0, tenant.Invalid("header.If-Match", "etag", `If-Match takes one ETag as it was received, such as "3"`)
	}
	return version, nil
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

// unchanged reports whether If-None-Match of a GET names the version, so that the answer is 304. Here weak tags count too.
func unchanged(header string, version int64) bool {
	if header == "" {
		return false
	}
	current := etag(version)
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/")
		if tag == current || tag == "*" {
			return true
		}
	}
	return false
}
