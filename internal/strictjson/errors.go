package strictjson

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// nameLimit is the most bytes of a member name, or of a path of names, that an error repeats.
const (
	nameLimit = 64
	pathLimit = 256
)

// ownDecoder is what types implement that read JSON themselves.
var ownDecoder = reflect.TypeFor[json.Unmarshaler]()

// SyntaxError says why a text is refused. It holds no value of the text.
type SyntaxError struct {
	// Offset counts bytes from the start of the text to the fault.
	Offset int64
	// Reason is a phrase for people: `duplicate name "a"`, "number out of range".
	Reason string
	// Number says that the fault is a number that is too long or out of range; the text may be JSON otherwise.
	Number bool
}

// Error returns the reason and the place, as in `duplicate name "a" at byte 12`.
func (e *SyntaxError) Error() string {
	return e.Reason + " at byte " + strconv.FormatInt(e.Offset, 10)
}

// TypeError says that a text is JSON, but one of its values does not fit the Go value it is read into. It holds no
// value of the text and no cause, since a cause might.
type TypeError struct {
	// Offset counts bytes from the start of the text to about the place of the value.
	Offset int64
	// Path is the place of the value as a JSON Pointer (RFC 6901), or "" for the whole text and for a path too
	// long or not printable.
	Path string
	// Reason is a phrase for people: "a number stands where a string is wanted".
	Reason string
}

// Error returns the reason and the place, as in `a number stands where a string is wanted in /email`.
func (e *TypeError) Error() string {
	if e.Path == "" {
		return e.Reason
	}
	return e.Reason + " in " + e.Path
}

// explain returns the [*SyntaxError] of a text that is known to be refused by the JSON library. The reasons are
// ours, made from the place alone: the library's repeat parts of the text.
func explain(raw []byte) error {
	d := jsontext.NewDecoder(bytes.NewReader(raw))
	_, err := d.ReadValue()
	if err == nil {
		rest := bytes.TrimLeft(raw[d.InputOffset():], " \t\r\n")
		return &SyntaxError{Offset: int64(len(raw) - len(rest)), Reason: "more text after the value"}
	}
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return &SyntaxError{Offset: int64(len(raw)), Reason: "unexpected end of the text"}
	}
	var fault *jsontext.SyntacticError
	if !errors.As(err, &fault) {
		return &SyntaxError{Reason: "not JSON"}
	}
	if errors.Is(err, jsontext.ErrDuplicateName) {
		name := fault.JSONPointer.LastToken()
		if !printable(name, nameLimit) {
			return &SyntaxError{Offset: fault.ByteOffset, Reason: "duplicate name"}
		}
		return &SyntaxError{Offset: fault.ByteOffset, Reason: fmt.Sprintf("duplicate name %q", name)}
	}
	return &SyntaxError{Offset: fault.ByteOffset, Reason: faultAt(raw, fault.ByteOffset)}
}

// faultAt names what is wrong with the character at offset.
func faultAt(raw []byte, offset int64) string {
	if offset < 0 || offset >= int64(len(raw)) {
		return "unexpected end of the text"
	}
	switch r, size := utf8.DecodeRune(raw[offset:]); {
	case r == utf8.RuneError && size <= 1:
		return "invalid UTF-8"
	case r < ' ':
		return "control character"
	case r == '\\':
		return "invalid escape"
	}
	return "unexpected character"
}

// typeError returns the [*TypeError] of the JSON library's error for a text that passes [Check].
func typeError(err error) error {
	e := &TypeError{Reason: "the value does not fit"}
	var fault *json.SemanticError
	if !errors.As(err, &fault) {
		return e
	}
	e.Offset = fault.ByteOffset
	if path := string(fault.JSONPointer); printable(path, pathLimit) {
		e.Path = path
	}
	got, want := kindOfText(fault.JSONKind), kindOfGo(fault.GoType)
	switch {
	case errors.Is(fault.Err, strconv.ErrRange):
		e.Reason = "the number is out of range"
	case got != "" && want != "" && got != want:
		e.Reason = got + " stands where " + want + " is wanted"
	}
	return e
}

func kindOfText(kind jsontext.Kind) string {
	switch kind {
	case 'n':
		return "null"
	case 't', 'f':
		return "a truth value"
	case '"':
		return "a string"
	case '0':
		return "a number"
	case '{':
		return "an object"
	case '[':
		return "an array"
	}
	return ""
}

// kindOfGo names what t reads, or returns "" where only t itself knows.
func kindOfGo(t reflect.Type) string {
	if t == nil || reflect.PointerTo(t).Implements(ownDecoder) {
		return ""
	}
	switch t.Kind() {
	case reflect.Bool:
		return "a truth value"
	case reflect.String:
		return "a string"
	case reflect.Float32, reflect.Float64:
		return "a number"
	case reflect.Struct, reflect.Map:
		return "an object"
	case reflect.Slice, reflect.Array:
		if t.Elem().Kind() == reflect.Uint8 {
			return "a string" // base64
		}
		return "an array"
	case reflect.Pointer:
		return kindOfGo(t.Elem())
	}
	if t.Kind() >= reflect.Int && t.Kind() <= reflect.Uint64 {
		return "a whole number"
	}
	return ""
}

// printable reports whether text is short and has only characters that show themselves: no controls, no
// bidirectional overrides, no invalid UTF-8.
func printable(text string, limit int) bool {
	if len(text) > limit || !utf8.ValidString(text) {
		return false
	}
	for _, r := range text {
		if !strconv.IsPrint(r) {
			return false
		}
	}
	return true
}
