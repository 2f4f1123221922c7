package presence_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/tenant"
)

// A server lets go of an organization that another one renames, tells so within half a second, keeps everybody out meanwhile,
// and lets them in again when it is over.
func TestServersFollowEachOther(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		org := anOrg()
		c.put(org)
		visit, err := b.gates.Enter(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		moving := begun(org, a.gates.Self())
		c.put(moving)
		pass(time.Second)
		if ack := c.server(b.gates.Self()).Acks[org.ID]; ack.Epoch != 0 {
			t.Fatalf("acknowledged epoch %d while somebody was inside", ack.Epoch)
		}
		visit.Leave(nil)
		clean, err := a.gates.Drain(t.Context(), moving)
		if err != nil || !clean {
			t.Fatalf("drained clean=%v: %v", clean, err)
		}
		entered := make(chan error, 1)
		go func() {
			v, err := b.gates.Enter(context.Background(), org.ID)
			if err == nil && v.Org.Name != "Beta" {
				err = errors.New("entered the old place")
			}
			if err == nil {
				v.Leave(nil)
			}
			entered <- err
		}()
		pass(time.Second)
		select {
		case err := <-entered:
			t.Fatalf("entered during the operation: %v", err)
		default:
		}
		c.put(ended(moving))
		pass(time.Second / 2)
		select {
		case err := <-entered:
			if err != nil {
				t.Errorf("entered after the operation: %v", err)
			}
		default:
			t.Error("the gate is closed half a second after the operation")
		}
		pass(2 * time.Second)
		if acks := c.server(b.gates.Self()).Acks; len(acks) != 0 {
			t.Errorf("acknowledgements of what is over: %v", acks)
		}
	})
}

// Whoever cannot be heard admits nobody once its lease is over, before the others take it for dead; and comes back as another.
func TestServerThatIsCutOff(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		org := anOrg()
		c.put(org)
		pass(3 * time.Second)
		was := b.gates.Self()
		b.line.connect(false)
		fencedAt := time.Duration(0)
		for waited := time.Duration(0); waited < 2*lease; waited += 50 * time.Millisecond {
			pass(50 * time.Millisecond)
			if b.gates.Fenced() && fencedAt == 0 {
				fencedAt = waited
			}
			if c.server(was).Dead && fencedAt == 0 {
				t.Fatal("declared dead while it still served")
			}
		}
		if fencedAt == 0 || fencedAt > lease || !c.server(was).Dead {
			t.Fatalf("fenced after %v, dead %v", fencedAt, c.server(was).Dead)
		}
		if _, err := b.gates.Enter(t.Context(), org.ID); !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("beyond its lease it says %v", err)
		}
		if a.gates.Fenced() {
			t.Error("the other one is fenced too")
		}
		b.line.connect(true)
		pass(2 * time.Second)
		if now := b.gates.Self(); now == was || b.gates.Fenced() || c.server(now).Dead || !c.server(was).Dead {
			t.Errorf("it came back as %s (it was %s), fenced %v", now, was, b.gates.Fenced())
		}
		visit, err := b.gates.Enter(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		visit.Leave(nil)
		clean, err := a.gates.Drain(t.Context(), func() tenant.Organization {
			moving := begun(org, a.gates.Self())
			c.put(moving)
			return moving
		}())
		if err != nil || clean {
			t.Errorf("within an hour of a death a drain is clean=%v (%v)", clean, err)
		}
	})
}

// Who was declared dead by somebody who moved the installation to another store does not come back to the old one.
func TestNoReturnToAStoreThatIsRetired(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		pass(3 * time.Second)
		was := b.gates.Self()
		b.line.connect(false)
		pass(lease + 5*time.Second)
		c.move()
		b.line.connect(true)
		pass(2 * time.Second)
		if b.ousted.Load() == 0 || !b.gates.Fenced() || b.gates.Self() != was {
			t.Errorf("told %d times; fenced: %v", b.ousted.Load(), b.gates.Fenced())
		}
		for id, i := range c.all() {
			if id != a.gates.Self() && !i.Dead {
				t.Errorf("%s is on the list", id)
			}
		}
		if a.ousted.Load() != 0 {
			t.Error("one that was never declared dead asks")
		}
	})
}

// Who comes back and does not hear that it is on the list again comes as nobody else than before: there would be a server on the list
// that never sends a heartbeat.
func TestReturnWhoseAnswerIsLost(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		pass(3 * time.Second)
		was := b.gates.Self()
		b.line.connect(false)
		pass(2 * lease)
		c.mu.Lock()
		b.line.deaf = true
		c.mu.Unlock()
		b.line.connect(true)
		pass(3 * time.Second)
		c.mu.Lock()
		defer c.mu.Unlock()
		if len(c.servers) != 3 || !c.servers[was].Dead || b.line.deaf || b.gates.Fenced() {
			t.Errorf("on the list are %v", c.servers)
		}
	})
}

// A store that is away for long makes nobody dead: nobody was there to see anything.
func TestLossOfTheStoreKillsNobody(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		pass(3 * time.Second)
		was := []tenant.InstanceID{a.gates.Self(), b.gates.Self()}
		c.lose(true)
		pass(time.Minute)
		if !a.gates.Fenced() || !b.gates.Fenced() {
			t.Error("a server serves without its store")
		}
		c.lose(false)
		pass(2 * time.Second)
		for _, id := range was {
			if c.server(id).Dead {
				t.Errorf("%s was declared dead", id)
			}
		}
		if a.gates.Fenced() || b.gates.Fenced() {
			t.Error("fenced after the store is back")
		}
	})
}

// An operation whose server is dead is told to the recovery; the record of a dead server stays for as long as it matters.
func TestDeathIsNoticed(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer a.end()
		org := anOrg()
		c.put(begun(org, b.gates.Self()))
		pass(2 * time.Second)
		if a.abandoned.Load() != 0 {
			t.Error("an operation of a living server counts as abandoned")
		}
		b.end()
		pass(lease + 6*time.Second)
		if a.abandoned.Load() == 0 {
			t.Error("nobody took over what a dead server left")
		}
		c.put(org)
		pass(placement.LateLimit - time.Minute)
		if !c.server(b.gates.Self()).Dead {
			t.Error("the record of the dead is gone too early")
		}
		pass(2 * time.Minute)
		if id := c.server(b.gates.Self()).ID; id != "" {
			t.Error("the record of the dead stays for ever")
		}
	})
}

// Who leaves in order leaves no trace, unless something that it sent can still be late.
func TestLeave(t *testing.T) {
	for doubt, want := range map[bool]bool{false: false, true: true} {
		inBubble(t, func(t *testing.T, c *catalog) {
			a := c.join(t)
			org := anOrg()
			c.put(org)
			visit, err := a.gates.Enter(t.Context(), org.ID)
			if err != nil {
				t.Fatal(err)
			}
			if doubt {
				visit.Leave(tenant.Errorf(tenant.CodeUnknownOutcome, "the answer was lost"))
			} else {
				visit.Leave(nil)
			}
			a.end()
			if err := a.keeper.Leave(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got := c.server(a.gates.Self()); got.Dead != want || (got.ID != "") != want {
				t.Errorf("with doubt %v it left %+v", doubt, got)
			}
		})
	}
}

// An acknowledgement after a lost answer is uncertain, for an hour.
func TestLostAnswerMakesUncertain(t *testing.T) {
	inBubble(t, func(t *testing.T, c *catalog) {
		a, b := c.join(t), c.join(t)
		defer b.end()
		defer a.end()
		org := anOrg()
		c.put(org)
		visit, err := b.gates.Enter(t.Context(), org.ID)
		if err != nil {
			t.Fatal(err)
		}
		visit.Leave(tenant.Errorf(tenant.CodeUnknownOutcome, "the answer was lost"))
		for _, want := range []bool{false, true} {
			moving := begun(org, a.gates.Self())
			c.put(moving)
			if clean, err := a.gates.Drain(t.Context(), moving); err != nil || clean != want {
				t.Errorf("the drain is clean=%v, %v; want %v", clean, err, want)
			}
			org = ended(moving)
			c.put(org)
			a.gates.Open(org)
			pass(placement.LateLimit + time.Minute)
		}
	})
}
