package strictjson

import (
	"bytes"
	"strconv"
)

// plainFloatLength is the most characters that a number without exponent can have and surely be finite: the
// largest float64 has 309 digits before the point.
const plainFloatLength = 308

// scan finds what the limits forbid and NUL characters in strings. It knows tokens, not grammar: in a text that is
// no JSON it may see tokens where there are none, but such a text is refused anyway.
func (l Limits) scan(raw []byte) error {
	depth := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			end, nul := skipString(raw, i)
			if nul {
				return &SyntaxError{Offset: int64(end), Reason: "NUL character in a string"}
			}
			i = end
		case c == '{' || c == '[':
			if depth++; depth > l.Depth {
				return &SyntaxError{Offset: int64(i), Reason: "more than " + strconv.Itoa(l.Depth) + " levels"}
			}
			i++
		case c == '}' || c == ']':
			depth--
			i++
		case c == '-' || '0' <= c && c <= '9':
			end := skipNumber(raw, i)
			if reason := l.number(raw[i:end]); reason != "" {
				return &SyntaxError{Offset: int64(i), Reason: reason}
			}
			i = end
		default:
			i++
		}
	}
	return nil
}

// skipString returns the offset after the string that begins at i, or the end of raw if it has no end. If the
// string holds an escaped NUL, it returns the escape's offset and true. (A raw NUL is refused as a control
// character.)
func skipString(raw []byte, i int) (end int, nul bool) {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i + 1, false
		case '\\':
			if bytes.HasPrefix(raw[i:], []byte(`\u0000`)) {
				return i, true
			}
			i++
		}
	}
	return len(raw), false
}

// skipNumber returns the offset after the characters from i on that can stand in a number.
func skipNumber(raw []byte, i int) int {
	for ; i < len(raw); i++ {
		switch c := raw[i]; {
		case '0' <= c && c <= '9', c == '-', c == '+', c == '.', c == 'e', c == 'E':
		default:
			return i
		}
	}
	return i
}

// number returns why a number is refused, or "".
func (l Limits) number(text []byte) string {
	if len(text) > l.NumberLength {
		return "number of more than " + strconv.Itoa(l.NumberLength) + " characters"
	}
	if len(text) <= plainFloatLength && bytes.IndexByte(text, 'e') < 0 && bytes.IndexByte(text, 'E') < 0 {
		return ""
	}
	if _, err := strconv.ParseFloat(string(text), 64); err != nil {
		return "number out of range"
	}
	return ""
}
