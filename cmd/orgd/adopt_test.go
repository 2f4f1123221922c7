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

// TestAdoptionTableOfASecondRun says where an organization stays other than this run would have made it.
func TestAdoptionTableOfASecondRun(t *testing.T) {
	for _, c := range []struct {
		writers bool
		v       adoption.Verdict
		want    string
	}{
		{false, adoption.Verdict{}, ""},
		{true, adoption.Verdict{DirectWriters: true}, ""},
		{false, adoption.Verdict{DirectWriters: true}, ": as one with direct writers, and stays so"},
		{true, adoption.Verdict{}, ": as one without direct writers (--writers-stopped), and stays so"},
		{true, adoption.Verdict{Deleted: true}, ": and deleted since"},
	} {
		var out strings.Builder
		c.v.Status, c.v.Name = adoption.Already, "Acme"
		adoptionTable{out: &out, writers: c.writers}.verdict(&c.v)
		if want := "adopted already   Acme" + c.want + "\n"; out.String() != want {
			t.Errorf("the line is %q, want %q", out.String(), want)
		}
	}
}
