package tenant

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/orgd/orgd/internal/strictjson"
)

// MaxDataBytes is the largest document, as compact JSON text: half of what MongoDB can hold, so that every document fits
// every backend with its bookkeeping. A single request is bounded earlier, by ORGD_BODY_LIMIT.
const MaxDataBytes = 8 << 20

// Data is a document's content: one JSON object in canonical form that [ParseData] has accepted. It is never changed in
// place.
type Data json.RawMessage

// MarshalJSON returns the text itself.
func (d Data) MarshalJSON() ([]byte, error) { return json.RawMessage(d).MarshalJSON() }

// ParseData accepts one JSON object and returns its canonical form: compact, integers as digits, other numbers in the
// shortest form that reads back to the same float64 and never looks like an integer. What is no JSON at all is a
// *strictjson.SyntaxError; JSON that no backend could keep exactly is CodeInvalid: integers beyond int64, numbers beyond
// float64, NUL characters, names that are empty, begin with $ or hold a dot, and _id and _orgd at the top.
func ParseData(raw []byte) (Data, error) {
	if err := strictjson.Check(raw); err != nil {
		return nil, outOfRange(raw, err)
	}
	if trimmed := bytes.TrimLeft(raw, " \t\r\n"); trimmed[0] != '{' {
		return nil, Invalid("body", "type", "a document is a JSON object")
	}
	if holdsNUL(raw) {
		return nil, Invalid("body", "nul", "text may not contain a NUL character, which databases cut at")
	}
	out, err := canonical(raw)
	if err != nil {
		return nil, err
	}
	if len(out) > MaxDataBytes {
		return nil, Invalid("body", "too_long", "a document has at most 8 MiB")
	}
	return out, nil
}

// outOfRange makes a rule of ours of what the decoder says of a number in a text that is JSON otherwise.
func outOfRange(raw []byte, err error) error {
	if syntax, ok := errors.AsType[*strictjson.SyntaxError](err); ok && syntax.Number && json.Valid(raw) {
		return Invalid("body", "number", "a number is beyond the range of a 64-bit float or has more than 64 characters; send it as a string")
	}
	return err
}

// holdsNUL reports whether a checked text holds an escaped NUL; a raw one is no JSON.
func holdsNUL(text []byte) bool {
	for {
		before, after, found := bytes.Cut(text, []byte(`\u0000`))
		if !found {
			return false
		}
		if backslashes := len(before) - len(bytes.TrimRight(before, `\`)); backslashes%2 == 0 {
			return true
		}
		text = after
	}
}

// canonical rewrites a checked text token by token.
func canonical(raw []byte) ([]byte, error) {
	in := jsontext.NewDecoder(bytes.NewReader(raw))
	var out bytes.Buffer
	out.Grow(len(raw))
	enc := jsontext.NewEncoder(&out)
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			return bytes.TrimRight(out.Bytes(), "\n"), nil
		}
		if err != nil {
			return nil, fmt.Errorf("read a checked text: %w", err)
		}
		if err := writeToken(enc, in, token); err != nil {
			return nil, err
		}
	}
}

func writeToken(enc *jsontext.Encoder, in *jsontext.Decoder, token jsontext.Token) error {
	switch token.Kind() {
	case '0':
		number, err := canonicalNumber(token.String())
		if err != nil {
			return err
		}
		return enc.WriteValue(jsontext.Value(number))
	case '"':
		if kind, length := in.StackIndex(in.StackDepth()); kind == '{' && length%2 == 1 {
			if err := checkKey(token.String(), in.StackDepth() == 1); err != nil {
				return err
			}
		}
	}
	return enc.WriteToken(token)
}

func checkKey(key string, top bool) error {
	switch {
	case key == "":
		return Invalid("body", "key", "a member name may not be empty")
	case key[0] == '$', strings.Contains(key, "."):
		return Invalid("body", "key", "a member name may not begin with $ or contain a dot")
	case top && (key == "_id" || key == "_orgd"):
		return Invalid("body", "key", "the member names _id and _orgd are reserved")
	default:
		return nil
	}
}

// canonicalNumber keeps what is written as an integer an integer and everything else a float64.
func canonicalNumber(s string) (string, error) {
	if !strings.ContainsAny(s, ".eE") && s != "-0" {
		n, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return "", Invalid("body", "number", "an integer is between -9223372036854775808 and 9223372036854775807; send larger ones as strings")
		}
		return strconv.FormatInt(n, 10), nil
	}
	f, err := strconv.ParseFloat(s, 64)
	if err != nil || math.IsInf(f, 0) {
		return "", Invalid("body", "number", "a number is beyond the range of a 64-bit float; send it as a string")
	}
	out := strconv.FormatFloat(f, 'g', -1, 64)
	if !strings.ContainsAny(out, ".e") {
		out += ".0"
	}
	return out, nil
}

// MergePatch applies a JSON Merge Patch (RFC 7396) to a document. The patch obeys the rules of [ParseData], and the result
// has its members in ascending order of name.
func MergePatch(target Data, patch []byte) (Data, error) {
	checked, err := ParseData(patch)
	if err != nil {
		return nil, err
	}
	merged, err := merge(json.RawMessage(target), json.RawMessage(checked))
	if err != nil {
		return nil, err
	}
	if len(merged) > MaxDataBytes {
		return nil, Invalid("body", "too_long", "the document would have more than 8 MiB")
	}
	return Data(merged), nil
}

// merge is the function MergePatch of RFC 7396 section 2, on texts that are canonical already.
func merge(target, patch json.RawMessage) (json.RawMessage, error) {
	if patch[0] != '{' {
		return patch, nil
	}
	changes, err := members(patch)
	if err != nil {
		return nil, err
	}
	result := map[string]json.RawMessage{}
	if len(target) > 0 && target[0] == '{' {
		if result, err = members(target); err != nil {
			return nil, err
		}
	}
	for name, change := range changes {
		if string(change) == "null" {
			delete(result, name)
			continue
		}
		if result[name], err = merge(result[name], change); err != nil {
			return nil, err
		}
	}
	return object(result)
}

func members(raw json.RawMessage) (map[string]json.RawMessage, error) {
	m := map[string]json.RawMessage{}
	if err := json.Unmarshal(raw, &m); err != nil {
		return nil, fmt.Errorf("read a checked object: %w", err)
	}
	return m, nil
}

func object(m map[string]json.RawMessage) (json.RawMessage, error) {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		quoted, err := jsontext.AppendQuote(out, name)
		if err != nil {
			return nil, fmt.Errorf("quote a checked name: %w", err)
		}
		out = append(append(quoted, ':'), m[name]...)
	}
	return append(out, '}'), nil
}
