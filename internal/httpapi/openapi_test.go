package httpapi_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"
)

//go:generate env UPDATE=1 go test -count=1 -run ^TestOpenAPIIsGolden$ .

const golden = "../../api/openapi.yaml"

// The description in the repository is the one that the server gives of itself; UPDATE=1 writes it anew.
func TestOpenAPIIsGolden(t *testing.T) {
	got := bare(t).get(t, "/openapi.yaml").body
	if os.Getenv("UPDATE") != "" {
		if err := os.WriteFile(golden, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Error("api/openapi.yaml is not what the server says of itself: run go generate ./internal/httpapi and look at the difference")
	}
}

// Nothing of the description comes from the request, and Huma's own pages are off.
func TestOpenAPINamesNoServer(t *testing.T) {
	s := bare(t)
	for _, path := range []string{"/openapi.json", "/openapi.yaml"} {
		got := s.get(t, path, "X-Forwarded-Host", "evil.example", "X-Forwarded-Proto", "https")
		if got.status != http.StatusOK || strings.Contains(string(got.body), "evil.example") || strings.Contains(string(got.body), "servers") {
			t.Errorf("%s: status %d, names a server: %.200s", path, got.status, got.body)
		}
	}
	for _, path := range []string{"/schemas/Organization", "/schemas/Organization.json", "/openapi-3.0.json", "/openapi-3.0.yaml", "/openapi"} {
		if got := s.get(t, path); got.status != http.StatusNotFound {
			t.Errorf("%s answers %d", path, got.status)
		}
	}
}

// Every parameter of a path is described, and so is read.
func TestPathParametersAreDescribed(t *testing.T) {
	var described struct {
		Paths map[string]map[string]struct {
			Parameters []struct{ Name, In string }
		}
	}
	bare(t).get(t, "/openapi.json").want(t, http.StatusOK, nil)
	if err := json.Unmarshal(bare(t).get(t, "/openapi.json").body, &described); err != nil {
		t.Fatal(err)
	}
	for path, operations := range described.Paths {
		for method, op := range operations {
			var names []string
			for _, p := range op.Parameters {
				if p.In == "path" {
					names = append(names, "{"+p.Name+"}")
				}
			}
			for part := range strings.SplitSeq(path, "/") {
				if strings.HasPrefix(part, "{") && !slices.Contains(names, part) {
					t.Errorf("%s %s does not read %s", method, path, part)
				}
			}
		}
	}
}
