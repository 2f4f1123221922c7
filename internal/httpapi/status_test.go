package httpapi

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/strictjson"
	"github.com/orgd/orgd/internal/tenant"
)

// The codes of the vocabulary, those of the API, and the table of statuses are one list.
func TestCodesAreOneList(t *testing.T) {
	for _, code := range api.Codes {
		status, ok := statuses[code]
		if !ok || status < 400 || http.StatusText(status) == "" {
			t.Errorf("%s has status %d", code, status)
		}
	}
	if len(statuses) != len(api.Codes) {
		t.Errorf("%d codes in the table, %d in api.Codes", len(statuses), len(api.Codes))
	}
	if got := constants(t, "../../api", "Code"); !slices.Equal(got, sorted(api.Codes)) {
		t.Errorf("api declares %v, api.Codes lists %v", got, sorted(api.Codes))
	}
	for _, code := range constants(t, "../tenant", "Code") {
		if !slices.Contains(api.Codes, api.Code(code)) {
			t.Errorf("api.Codes lacks %s of internal/tenant", code)
		}
	}
}

func sorted(codes []api.Code) []string {
	words := make([]string, 0, len(codes))
	for _, c := range codes {
		words = append(words, string(c))
	}
	slices.Sort(words)
	return words
}

// constants returns the values of the package's constants of a string type, from its source.
func constants(t *testing.T, dir, typeName string) []string {
	t.Helper()
	names, err := filepath.Glob(dir + "/*.go")
	if err != nil || len(names) == 0 {
		t.Fatalf("no source in %s: %v", dir, err)
	}
	var values []string
	for _, name := range names {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		values = append(values, constantsOf(file, typeName)...)
	}
	slices.Sort(values)
	return values
}

func constantsOf(file *ast.File, typeName string) []string {
	var values []string
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok {
			return true
		}
		if ident, ok := spec.Type.(*ast.Ident); !ok || ident.Name != typeName {
			return true
		}
		for _, v := range spec.Values {
			if lit, ok := v.(*ast.BasicLit); ok {
				values = append(values, strings.Trim(lit.Value, `"`))
			}
		}
		return true
	})
	return values
}

// An error's face says what the caller may know and nothing of its cause.
func TestProblems(t *testing.T) {
	secret := errors.New("disk /srv/secret is broken")
	for _, tc := range []struct {
		name   string
		err    error
		code   api.Code
		header string
		value  string
	}{
		{"unknown", secret, api.CodeInternal, "", ""},
		{"wrapped", fmt.Errorf("x: %w", tenant.Wrap(tenant.CodeUnavailable, secret, "the store is away")), api.CodeUnavailable, "Retry-After", "1"},
		{"internal", tenant.Wrap(tenant.CodeInternal, secret, "secret message"), api.CodeInternal, "", ""},
		{"unheard-of code", tenant.Errorf("unheard_of", "secret message"), api.CodeInternal, "", ""},
		{"throttled", &tenant.Error{Code: tenant.CodeThrottled, Message: "m", RetryAfter: 1001 * time.Millisecond}, api.CodeThrottled, "Retry-After", "2"},
		{"throttled without time", tenant.Errorf(tenant.CodeThrottled, "m"), api.CodeThrottled, "Retry-After", "1"},
		{"unauthenticated", tenant.Errorf(tenant.CodeUnauthenticated, "m"), api.CodeUnauthenticated, "Www-Authenticate", "Bearer"},
		{"bad token", badToken(tenant.Errorf(tenant.CodeUnauthenticated, "m")), api.CodeUnauthenticated, "Www-Authenticate", `Bearer error="invalid_token"`},
		{"bad token, broken store", badToken(tenant.Errorf(tenant.CodeUnavailable, "m")), api.CodeUnavailable, "Retry-After", "1"},
		{"stale", tenant.Errorf(tenant.CodeStaleAuthentication, "m"), api.CodeStaleAuthentication, "Www-Authenticate", `Bearer error="insufficient_user_authentication", max_age=900`},
		{"not JSON", &strictjson.SyntaxError{Reason: "unexpected character"}, api.CodeMalformed, "", ""},
		{"over time", fmt.Errorf("x: %w", context.Canceled), api.CodeUnavailable, "Retry-After", "1"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			p := problemFrom(tc.err)
			if p.Code != tc.code || p.Status != statuses[tc.code] || p.Title != http.StatusText(p.Status) {
				t.Errorf("%d %q %s, want %s", p.Status, p.Title, p.Code, tc.code)
			}
			if strings.Contains(p.Detail, "secret") {
				t.Errorf("the detail tells: %s", p.Detail)
			}
			if tc.header != "" && p.headers.Get(tc.header) != tc.value {
				t.Errorf("%s: %q, want %q", tc.header, p.headers.Get(tc.header), tc.value)
			}
		})
	}
}
