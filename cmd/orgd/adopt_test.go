package main

import (
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/adoption"
)

// TestAdoptionTable prints a reason to its end, and what the other service wrote without the signs that forge a line.
func TestAdoptionTable(t *testing.T) {
	var out strings.Builder
	reason := strings.Repeat("long ", 100) + "; do this"
	adoptionTable{out: &out}.verdict(&adoption.Verdict{Status: adoption.Refused, Name: "Ac\nme\x1b", ID: "7\r", Reason: reason})
	if want := "refused           Acme (7): " + reason + "\n"; out.String() != want {
		t.Errorf("the line is %q, want %q", out.String(), want)
	}
}
