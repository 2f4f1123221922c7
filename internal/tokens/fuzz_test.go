package tokens_test

import (
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/tenant"
)

func FuzzVerify(f *testing.F) {
	h := newHouse(f)
	s := h.serve(nil)
	good := h.mint(s, h.claims())
	parts := strings.Split(good, ".")
	for _, seed := range []string{
		good, good[:len(good)-1], parts[0] + "." + parts[1] + ".", "..", "", good + "." + parts[2],
		encode(`{"alg":"none"}`) + "." + parts[1] + ".", parts[0] + ".e30." + parts[2], looseBits(good),
	} {
		f.Add(seed)
	}
	said, err := s.Verify(f.Context(), good)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, token string) {
		claims, err := s.Verify(t.Context(), token)
		switch {
		case err == nil && (claims != said || !strings.HasPrefix(token, parts[0]+"."+parts[1]+".")):
			t.Fatalf("%q was accepted as %+v", token, claims)
		case err != nil && !tenant.IsCode(err, tenant.CodeUnauthenticated):
			t.Fatalf("%q: %v", token, err)
		case err != nil && token != "" && strings.Contains(err.Error(), token) && len(token) > 20:
			t.Fatalf("the error repeats the token: %v", err)
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	h := newHouse(b)
	s := h.serve(nil)
	token := h.mint(s, h.claims())
	b.Run("fresh", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := s.VerifyAnew(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("remembered", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Verify(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("mint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := s.Mint(b.Context(), h.claims()); err != nil {
				b.Fatal(err)
			}
		}
	})
}
