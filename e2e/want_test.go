package e2e

import (
	"reflect"
	"strings"
	"testing"
)

// wantFields wants the members in a JSON object; nil wants a member to be missing.
func wantFields(t testing.TB, got, want fields) {
	t.Helper()
	for name, value := range want {
		if !reflect.DeepEqual(got[name], value) {
			t.Errorf("%s is %v, want %v, in %v", name, got[name], value, got)
		}
	}
}

func wantContains(t testing.TB, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q does not contain %q", text, part)
		}
	}
}

// wantOneLine wants the one line of an error that a command prints.
func wantOneLine(t testing.TB, text string, parts ...string) {
	t.Helper()
	if !strings.HasPrefix(text, "orgd: ") || strings.Count(text, "\n") != 1 || !strings.HasSuffix(text, "\n") {
		t.Errorf("%q is not one line of orgd", text)
	}
	wantContains(t, text, parts...)
}

// text reads a JSON string.
func text(t testing.TB, v any) string {
	t.Helper()
	s, ok := v.(string)
	if !ok {
		t.Fatalf("%v is no text", v)
	}
	return s
}
