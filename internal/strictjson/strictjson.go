// Package strictjson owns the reading of JSON that others send: it is the one decoder of every route, so that no
// two parts of orgd can understand one text differently.
//
// A text is accepted only if it has exactly one meaning: RFC 8259 grammar, valid UTF-8 also in escapes, no name
// twice in one object (RFC 7493, section 2.3), numbers that a float64 can hold, and nothing after the value. Depth and
// the length of numbers are bounded, so that a small text cannot cost much. What a string may hold, such as a NUL, is
// for the rules of each value. Names are matched with exact case: a decoder that takes "PASSWORD" for "password" lets a request pass
// one check and be read by another.
//
// The invariant: an error never holds a value of the text, since the value may be a password. Member names are
// repeated only where they are short and printable.
//
// The package imports nothing of orgd's and keeps no state. All functions may be called concurrently.
package strictjson

import (
	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Limits bounds what [Limits.Check] accepts. A zero field allows none of its kind.
type Limits struct {
	// Depth is how many objects and arrays may stand within each other; a lone scalar has depth 0.
	Depth int
	// NumberLength is the most characters that one number may have.
	NumberLength int
}

// Default is what the package's functions enforce: far above what our own API needs, and low enough that neither
// recursion nor the parsing of a number is an attack.
var Default = Limits{Depth: 32, NumberLength: 64}

// Check reports whether raw is one JSON text within the [Default] limits. The error is a [*SyntaxError].
func Check(raw []byte) error { return Default.Check(raw) }

// Check reports whether raw is one JSON text within l. The error is a [*SyntaxError]; where a text has several
// faults, it is not always the first one that is told.
func (l Limits) Check(raw []byte) error {
	if err := l.scan(raw); err != nil {
		return err
	}
	if jsontext.Value(raw).IsValid() {
		return nil
	}
	return explain(raw)
}

// Unmarshal decodes raw into v, a non-nil pointer, if raw passes [Check].
//
// Members go to the fields whose `json` tag has their exact name; unknown members are ignored here (the HTTP
// framework reports them with their place). A null sets a pointer to nil and any other kind to its zero value;
// members that are not given leave their field as it was. In an `any`, objects are map[string]any, arrays []any
// and numbers float64, so integers beyond 2^53 lose digits: who must keep them takes jsontext.Value or
// encoding/json.RawMessage. Whole numbers are read only from digits: 1.0 and 1e2 do not fit an int.
//
// The error is a [*SyntaxError] if Check refuses raw, else a [*TypeError]; what v holds then is not specified.
func Unmarshal(raw []byte, v any) error {
	if err := Default.scan(raw); err != nil {
		return err
	}
	// The decoder checks grammar, UTF-8 and duplicate names while it decodes, so an accepted text is parsed once.
	err := json.Unmarshal(raw, v)
	if err == nil {
		return nil
	}
	// It stops at the first value that does not fit: only Check tells whether the rest is JSON at all.
	if err := Check(raw); err != nil {
		return err
	}
	return typeError(err)
}

// Compact returns raw, which must pass [Check], without the white space between its tokens. Order of members,
// spelling of numbers and escapes stay as they are, so two texts that differ in white space only give equal bytes.
// The error is a [*SyntaxError]. raw is not changed and not kept.
func Compact(raw []byte) ([]byte, error) {
	if err := Check(raw); err != nil {
		return nil, err
	}
	compact := jsontext.Value(raw).Clone()
	if err := compact.Compact(); err != nil {
		return nil, explain(raw)
	}
	return compact, nil
}
