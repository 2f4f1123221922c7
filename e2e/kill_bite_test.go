package e2e

import (
	"net/http"
	"strings"
	"testing"
)

// TestKillCheckBites makes the book or the store wrong, in every way that TestKill looks for, and wants the complaint.
func TestKillCheckBites(t *testing.T) {
	t.Parallel()
	overStores(t, biteBook)
}

func biteBook(t *testing.T, on store) {
	t.Helper()
	s := launch(t, on, "ORGD_THROTTLE=off")
	b, operator := &book{operators: 1}, s.operator("op@orgd.example")
	kept, gone := b.writeTale(s, "Kept", "kept@e2e.example"), b.writeTale(s, "Gone", "gone@e2e.example")
	gone.next, gone.action = &condition{trashed, "Gone", "gone@e2e.example", goodPassword}, deleted
	s.as(gone.token).drop("Gone").is(http.StatusOK)
	gone.took()
	wantComplaints(t, "nothing is wrong", b.ask(s, operator).wrong, "")

	for what, lie := range map[string]struct {
		tell, retract func()
		want          string
	}{
		"a lost document":             {func() { kept.notes["lost"] = &note{known: 7, open: settled} }, func() { delete(kept.notes, "lost") }, "document lost of Kept holds 0, want 7"},
		"an old document":             {func() { kept.notes["n"].known = 8 }, func() { kept.notes["n"].known = 1 }, "document n of Kept holds 1, want 8"},
		"a document too many":         {func() { delete(kept.notes, "n") }, func() { kept.notes["n"] = &note{known: 1, open: settled} }, "a document that nobody wrote"},
		"a lost rename":               {func() { kept.now.name = "Other" }, func() { kept.now.name = "Kept" }, "is {life:active name:Kept"},
		"a lost password":             {func() { kept.now.password = "other" }, func() { kept.now.password = goodPassword }, "with its password"},
		"a lost deletion":             {func() { kept.now.life = trashed }, func() { kept.now.life = living }, "is {life:active name:Kept"},
		"a lost organization":         {func() { gone.now.life = living }, func() { gone.now.life = trashed }, "is {life:trashed name:Gone"},
		"an organization nobody made": {func() { b.remove(kept) }, func() { b.add(kept) }, "nobody made it"},
		"a token that is lost":        {func() { kept.token = "lost" }, func() { kept.token = "" }, "is not good any more"},
	} {
		lie.tell()
		kept.touched, gone.touched = true, true
		asked := b.ask(s, operator).wrong
		lie.retract()
		wantComplaints(t, what, asked, lie.want)
	}
	s.stop()
	biteStore(t, s, b, kept)
}

// writeTale makes an organization with one note, and the book of it.
func (b *book) writeTale(s *server, name, email string) *tale {
	o := s.found(name, email)
	t := newTale(condition{living, name, email, goodPassword})
	t.took()
	t.id, t.token, t.touched = o.org.ID, o.token, true
	t.notes["n"] = &note{known: 1, open: settled}
	o.write("n", noteData{"n", 1}).is(http.StatusCreated)
	b.add(t)
	return t
}

// biteStore does the same with what the server left behind.
func biteStore(t *testing.T, s *server, b *book, kept *tale) {
	t.Helper()
	wantComplaints(t, "nothing is wrong", b.inspect(s.store.inspect(t, s)), "")
	lies := s.store.spoil(t, s, kept.id)
	lies["an entry twice"] = lie{func() error { kept.acts[created] = 0; return nil }, func() error { kept.acts[created] = 1; return nil }, "has map[organization.create:1], want"}
	lies["an entry missing"] = lie{func() error { kept.acts[updated] = 1; return nil }, func() error { delete(kept.acts, updated); return nil }, "organization.update:1]"}
	lies["a stranger's entry"] = lie{func() error { b.remove(kept); return nil }, func() error { b.add(kept); return nil }, "which nobody knows"}
	for what, lie := range lies {
		must(t, lie.tell())
		found := b.inspect(s.store.inspect(t, s))
		must(t, lie.retract())
		wantComplaints(t, what, found, lie.want)
	}
}

// wantComplaints wants a complaint that contains the text; none at all if that is empty.
func wantComplaints(t *testing.T, what string, complaints []string, text string) {
	t.Helper()
	all := strings.Join(complaints, "\n")
	if text == "" && all != "" || !strings.Contains(all, text) {
		t.Errorf("%s: the complaints are %q, want %q", what, all, text)
	}
}
