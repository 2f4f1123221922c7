package e2e

import (
	"fmt"
	"net/http"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/orgd/orgd/api"
)

// traffic is a crowd that writes and reads one organization's documents.
type traffic struct {
	owner *owner
	// written are the ids that writers got an answer for.
	mu      sync.Mutex
	written map[string]bool
	// reads counts those that were answered.
	reads atomic.Int64
	// over tells the crowd to end, gone that the organization is deleted: an answer to a request that begins after that must
	// be a refusal.
	over, gone atomic.Bool
	// mayEnd says that refusals are no failures: a deletion is under way.
	mayEnd atomic.Bool
	done   sync.WaitGroup
}

// startTraffic lets a crowd in, so many writers and as many readers, and waits until each member has been answered once.
func startTraffic(o *owner, crowd int) *traffic {
	c := &traffic{owner: o, written: map[string]bool{}}
	o.write("first", fields{"n": 0}).is(http.StatusCreated)
	var warm sync.WaitGroup
	warm.Add(2 * crowd)
	for n := range crowd {
		c.done.Go(func() { c.repeat(&warm, func(turn int) bool { return c.write(fmt.Sprintf("w%d-%d", n, turn)) }) })
		c.done.Go(func() { c.repeat(&warm, func(turn int) bool { return c.read(turn) }) })
	}
	warm.Wait()
	return c
}

// repeat takes turns until the crowd ends or is refused.
func (c *traffic) repeat(warm *sync.WaitGroup, turn func(n int) bool) {
	first := sync.OnceFunc(warm.Done)
	defer first()
	for n := 0; !c.over.Load() && turn(n); n++ {
		first()
	}
}

func (c *traffic) write(id string) bool {
	late := c.gone.Load()
	a := c.owner.write(id, fields{"id": id})
	if a.status == http.StatusCreated && !late {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.written[id] = true
		return true
	}
	return c.refusal(a, late)
}

// read asks for one document and for the list in turns; neither may ever be missing.
func (c *traffic) read(turn int) bool {
	late := c.gone.Load()
	var a answer
	if turn%2 == 0 {
		a = c.owner.read("first")
	} else {
		a = c.owner.get(documentsOf(c.owner.org.ID) + "?limit=1")
	}
	if a.status != http.StatusOK || late {
		return c.refusal(a, late)
	}
	if turn%2 == 1 {
		var page api.DocumentPage
		if a.into(&page); len(page.Items) != 1 {
			c.owner.t.Errorf("a reader sees an empty organization: %s", a)
		}
	}
	c.reads.Add(1)
	return true
}

// refusal judges an answer that is no success, or one that came for a deleted organization; the crowd's member ends.
func (c *traffic) refusal(a answer, late bool) bool {
	switch {
	case late && a.was(http.StatusUnauthorized, http.StatusNotFound):
	case late: // it has complained
	case !c.mayEnd.Load():
		c.owner.t.Errorf("a request fails: %s", a)
	default:
		a.was(http.StatusUnauthorized, http.StatusNotFound)
	}
	return false
}

// end lets the crowd go and returns how much it did.
func (c *traffic) end() string {
	c.over.Store(true)
	c.done.Wait()
	return fmt.Sprintf("%d writes and %d reads were answered", len(c.written), c.reads.Load())
}

// TestRenameUnderLoad renames an organization over and over while a crowd works with it: nobody is refused, nobody sees it
// empty, nothing acknowledged is missing.
func TestRenameUnderLoad(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		ada := s.found("Acme", "ada@acme.example")
		c := startTraffic(ada, on.crowd)
		renamer := *ada // the crowd reads ada, so that its copy is renamed
		for n := range 25 {
			renamer.renameTo(fmt.Sprintf("Acme %d", n)).is(http.StatusOK)
		}
		t.Log(c.end())
		docs := ada.documents()
		for id := range c.written {
			if _, there := docs[id]; !there {
				t.Errorf("the acknowledged document %s is missing", id)
			}
		}
		if want := len(c.written) + 1; len(docs) != want {
			t.Errorf("there are %d documents, want %d", len(docs), want)
		}
	})
}

// TestDeletionUnderLoad deletes an organization while a crowd works with it: after the answer nobody reads or writes, and
// what was acknowledged before is all there once it is restored.
func TestDeletionUnderLoad(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		operator := s.operator("op@orgd.example")
		ada := s.found("Acme", "ada@acme.example")
		c := startTraffic(ada, on.crowd)
		c.mayEnd.Store(true)
		ada.dropIt().is(http.StatusOK)
		c.gone.Store(true)
		for n := range on.crowd { // late ones, beside those who are still under way
			c.done.Go(func() { c.write(fmt.Sprintf("late%d", n)) })
			c.done.Go(func() { c.read(n) })
		}
		c.done.Wait()
		t.Log(c.end())

		operator.post("/v1/organizations/"+ada.org.ID+"/restore", fields{}).is(http.StatusOK)
		ada.signIn(s)
		docs := ada.documents()
		for id := range c.written {
			if _, there := docs[id]; !there {
				t.Errorf("the acknowledged document %s is missing", id)
			}
		}
		if want := len(c.written) + 1; len(docs) != want {
			t.Errorf("there are %d documents, want %d", len(docs), want)
		}
	})
}
