package e2e

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// life is where an organization stands for the one who owns it.
type life string

// The lives.
const (
	nowhere life = "nowhere"
	living  life = "active"
	trashed life = "trashed"
)

// The acts, in the words of the audit log.
const (
	created  = "organization.create"
	updated  = "organization.update"
	deleted  = "organization.delete"
	restored = "organization.restore"
	purged   = "organization.purge"
)

// condition is what an organization is.
type condition struct {
	life                  life
	name, email, password string
}

// tale is what the book knows of one organization. Its client alone touches it, its notes alone its writer.
type tale struct {
	// id is empty until an answer told it.
	id  string
	now condition
	// next is what the act under way makes of it, and action what the act is called; nil between acts. Where it stays, the
	// outcome is unknown.
	next   *condition
	action string
	// acts counts the acts that took effect.
	acts map[string]int
	// token is the owner's; empty where there is none that must be good.
	token string
	// touched says that something happened since the last look.
	touched bool
	notes   map[string]*note
	// writer is the last that was let loose on the notes.
	writer *writer
}

// note is a document: it holds its key and a value.
type note struct {
	id string
	// known is the value that was acknowledged, open the one that is under way or whose outcome is unknown.
	known, open int
}

// Values of notes; real ones are above.
const (
	absent  = 0
	settled = -1 // nothing is open
)

// noteData is a note as a document.
type noteData struct {
	Key   string `json:"key"`
	Value int    `json:"value"`
}

func newTale(next condition) *tale {
	return &tale{now: condition{life: nowhere}, next: &next, action: created, acts: map[string]int{}, notes: map[string]*note{}}
}

// holds reports whether the organization bears the name or its owner the address, as far as anybody knows.
func (t *tale) holds(name, email string) bool {
	for _, c := range []*condition{&t.now, t.next} {
		if c != nil && c.life == living && (c.name == name || c.email == email) {
			return true
		}
	}
	return false
}

// took says that the act took effect. Who deletes where nothing is retained purges as well.
func (t *tale) took() {
	t.acts[t.action]++
	if t.next.life == nowhere {
		t.acts[purged]++
	}
	t.now, t.next = *t.next, nil
}

// refused says that it did not.
func (t *tale) refused() { t.next = nil }

// countNotes returns how many documents there are at least and at most.
func (t *tale) countNotes() (least, most int64) {
	for _, n := range t.notes {
		if n.known != absent && n.open != absent {
			least++
		}
		if n.known != absent || n.open > absent {
			most++
		}
	}
	return least, most
}

// book is everything that was acknowledged.
type book struct {
	mu    sync.Mutex
	tales []*tale
	// operators is how many were added.
	operators int
}

func (b *book) add(t *tale) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.tales = append(b.tales, t)
}

// remove takes a tale out, for a story that makes the book wrong on purpose.
func (b *book) remove(t *tale) {
	b.tales = slices.DeleteFunc(slices.Clone(b.tales), func(other *tale) bool { return other == t })
}

// free reports whether nobody holds the name or the address of a condition.
func (b *book) free(c condition) bool {
	return !slices.ContainsFunc(b.tales, func(t *tale) bool { return t.holds(c.name, c.email) })
}

// counts tells how many acts took effect.
func (b *book) counts() string {
	sum := map[string]int{}
	for _, t := range b.tales {
		for action, n := range t.acts {
			sum[action] += n
		}
	}
	return fmt.Sprint(sum)
}

// inspect compares the book, in which nothing is unknown any more, with what a server left behind, and returns what is wrong.
func (b *book) inspect(left remains) (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	for _, stray := range left.strays {
		complain("a stray: %s", stray)
	}
	homes, audits := maps.Clone(left.homes), maps.Clone(left.audit)
	for _, t := range b.tales {
		if t.id == "" {
			continue // never was
		}
		want := map[life]string{living: fmt.Sprint([]home{inUse}), trashed: fmt.Sprint([]home{inTrash}), nowhere: "[]"}[t.now.life]
		if got := fmt.Sprint(homes[t.id]); got != want {
			complain("the data of %s (%s) is %s, want %s", t.now.name, t.id, got, want)
		}
		counts, err := left.actions(t.id)
		if err != nil {
			complain("the audit log is broken: %v", err)
		}
		if !maps.Equal(counts, t.acts) {
			complain("the audit log of %s (%s) has %v, want %v", t.now.name, t.id, counts, t.acts)
		}
		delete(homes, t.id)
		delete(audits, t.id)
	}
	if counts, err := left.actions(""); err != nil || counts["operator.add"] != b.operators {
		complain("the audit log of the installation has %v (%v), want %d operators", counts, err, b.operators)
	}
	delete(audits, "")
	for id := range homes {
		complain("the data of %s belongs to nobody", id)
	}
	for id := range audits {
		complain("the audit log tells of %s, which nobody knows", id)
	}
	return wrong
}
