package httpapi

import (
	"crypto/hmac"
	"encoding/base64"
	"strings"

	"github.com/orgd/orgd/internal/tenant"
)

// cursors makes and reads the cursors of lists. A cursor says after which key a page begins; its MAC binds it to the list
// and the filters that it was made for, so that nobody can begin a page anywhere else, or guess what keys look like and
// rely on it.
type cursors struct {
	mac func(label string, parts ...string) string
}

// maxCursor bounds what is decoded; the longest key is a document id.
const maxCursor = 512

// next returns the cursor of the page after the key.
func (c cursors) next(after string, list ...string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(after + "\n" + c.seal(after, list)))
}

// after returns the key after which the page of the cursor begins; "" for no cursor.
func (c cursors) after(cursor string, list ...string) (string, error) {
	if cursor == "" {
		return "", nil
	}
	if len(cursor) <= maxCursor {
		raw, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
		after, seal, ok := strings.Cut(string(raw), "\n")
		if err == nil && ok && after != "" && hmac.Equal([]byte(seal), []byte(c.seal(after, list))) {
			return after, nil
		}
	}
	return "", tenant.Invalid("query.cursor", "cursor", "a cursor is what next_cursor of the page before says, for the same list and filters")
}

func (c cursors) seal(after string, list []string) string {
	return c.mac("cursor", append([]string{after}, list...)...)
}
