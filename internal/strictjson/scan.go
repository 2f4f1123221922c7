package strictjson

import (
	"bytes"
	"strconv"
)

// plainFloatLength is the most characters that a number without exponent can have and surely be finite: the
// largest float64 has 309 digits before the point.
const plainFloatLength = 308

// scan finds what the limits forbid. It knows tokens, not grammar: in a text that is no JSON it may see tokens where
// there are none, but such a text is refused anyway.
func (l Limits) scan(raw []byte) error {
	depth := 0
	for i := 0; i < len(raw); {
		switch c := raw[i]; {
		case c == '"':
			i = skipString(raw, i)
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
				return &SyntaxError{Offset: int64(i), Reason: reason, Number: true}
			}
			i = end
		default:
			i++
		}
	}
	return nil
}

// skipString returns the offset after the string that begins at i, or the end of raw if it has no end.
func skipString(raw []byte, i int) int {
	for i++; i < len(raw); i++ {
		switch raw[i] {
		case '"':
			return i + 1
		case '\\':
			i++
		}
	}
	return len(raw)
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
