package strictjson_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"testing"
	"unicode/utf8"

	"github.com/orgd/orgd/internal/strictjson"
)

var (
	stringToken = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)
	escape      = regexp.MustCompile(`\\(?:u([0-9a-fA-F]{4})|.)`)
)

// reference decides by other means than the package: encoding/json for the grammar, its tokens for names, numbers
// and depth, regular expressions for surrogates.
func reference(raw []byte) error {
	if !utf8.Valid(raw) || !json.Valid(raw) {
		return errors.New("reference: grammar or UTF-8")
	}
	for _, s := range stringToken.FindAll(raw, -1) {
		if !pairedSurrogates(s) {
			return errors.New("reference: surrogates")
		}
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	var open []map[string]bool // names of each open object, nil for an array
	name := false              // the next string is a name
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		switch token := token.(type) {
		case json.Delim:
			switch token {
			case '{':
				open = append(open, map[string]bool{})
			case '[':
				open = append(open, nil)
			default:
				open = open[:len(open)-1]
			}
			if len(open) > 32 {
				return errors.New("reference: depth")
			}
			name = len(open) > 0 && open[len(open)-1] != nil
			continue
		case json.Number:
			if _, err := strconv.ParseFloat(string(token), 64); err != nil || len(token) > 64 {
				return errors.New("reference: number")
			}
		case string:
			if name {
				if open[len(open)-1][token] {
					return errors.New("reference: duplicate name")
				}
				open[len(open)-1][token] = true
				name = false
				continue
			}
		}
		name = len(open) > 0 && open[len(open)-1] != nil
	}
}

// pairedSurrogates reports whether each surrogate escape of the string token is half of a pair.
func pairedSurrogates(token []byte) bool {
	high := -1 // end of the high surrogate that waits for its low one
	for _, m := range escape.FindAllSubmatchIndex(token, -1) {
		var unit uint64
		if m[2] >= 0 {
			unit, _ = strconv.ParseUint(string(token[m[2]:m[3]]), 16, 32)
		}
		low := 0xdc00 <= unit && unit <= 0xdfff
		if low != (high == m[0]) || high >= 0 && !low {
			return false
		}
		high = -1
		if 0xd800 <= unit && unit <= 0xdbff {
			high = m[1]
		}
	}
	return high < 0
}

// FuzzCheck holds Check, Unmarshal and Compact against the reference: they must accept and refuse the same texts,
// and agree with encoding/json on what an accepted text means.
func FuzzCheck(f *testing.F) {
	for _, raw := range accepted {
		f.Add([]byte(raw))
	}
	for _, tt := range refused {
		if len(tt.raw) < 1000 {
			f.Add([]byte(tt.raw))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		want, got := reference(raw), strictjson.Check(raw)
		if (want == nil) != (got == nil) {
			t.Fatalf("Check says %v, the reference %v", got, want)
		}
		var v any
		if err := strictjson.Unmarshal(raw, &v); (err == nil) != (want == nil) {
			t.Fatalf("Unmarshal says %v, the reference %v", err, want)
		}
		var fault *strictjson.SyntaxError
		if err := strictjson.Unmarshal(raw, &change{}); errors.As(err, &fault) != (want != nil) {
			t.Fatalf("Unmarshal into a struct says %v, the reference %v", err, want)
		}
		compact, err := strictjson.Compact(raw)
		if (err == nil) != (want == nil) {
			t.Fatalf("Compact says %v, the reference %v", err, want)
		}
		if want == nil {
			sameMeaning(t, raw, v, compact)
		}
	})
}

func sameMeaning(t *testing.T, raw []byte, v any, compact []byte) {
	var other any
	if err := json.Unmarshal(raw, &other); err != nil || !reflect.DeepEqual(v, other) {
		t.Fatalf("Unmarshal gives %#v, encoding/json %#v, %v", v, other, err)
	}
	var b bytes.Buffer
	if err := json.Compact(&b, raw); err != nil || !bytes.Equal(compact, b.Bytes()) {
		t.Fatalf("Compact gives %q, encoding/json %q, %v", compact, b.Bytes(), err)
	}
}
