package e2e

import (
	"net/http"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// TestSameKeyAtOnce sends one creation ten times at once under one key: there is one organization, and everybody who is not
// told to wait is told of that one.
func TestSameKeyAtOnce(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on)
		eager := s.stranger().with("Idempotency-Key", "first-try-of-many")
		create := func() answer {
			return eager.post("/v1/organizations", newOrg("Acme", "ada@acme.example", goodPassword))
		}
		answers := make([]answer, 10)
		var all sync.WaitGroup
		for n := range answers {
			all.Go(func() { answers[n] = create() })
		}
		all.Wait()
		made := create().is(http.StatusCreated).org()
		for _, a := range answers {
			if a.is(http.StatusCreated, http.StatusConflict); a.status == http.StatusConflict {
				a.refused(http.StatusConflict, api.CodeIdempotencyInProgress)
			} else if got := a.org(); got.ID != made.ID {
				t.Errorf("one key made %s and %s", made.ID, got.ID)
			}
		}
		eager.post("/v1/organizations", newOrg("Bobs", "ada@acme.example", goodPassword)).is(http.StatusConflict, http.StatusUnprocessableEntity)
		op := s.operator("op@orgd.example")
		if list := op.organizations(); len(list) != 1 {
			t.Errorf("there are %d organizations", len(list))
		}
	})
}

// TestSameKeyAfterAKill kills the server in the middle of creations and of documents with keys, and repeats them until they
// are answered: each has taken effect once, whether the kill came before, during or after it.
func TestSameKeyAfterAKill(t *testing.T) {
	t.Parallel()
	overStores(t, func(t *testing.T, on store) {
		s := launch(t, on, "ORGD_THROTTLE=off")
		ada := s.found("Ada", "ada@ada.example")
		op := s.operator("op@orgd.example")
		const orgs, docs = 4, 8
		send := func(n int) answer {
			keyed := ada.with("Idempotency-Key", "key-"+strconv.Itoa(n))
			if n < orgs {
				keyed.token = ""
				name := "Org " + strconv.Itoa(n)
				return keyed.post("/v1/organizations", newOrg(name, "o"+strconv.Itoa(n)+"@org.example", goodPassword))
			}
			return keyed.post(documentsOf(ada.org.ID), fields{"n": n})
		}
		answered := make(chan answer, orgs+docs)
		for n := range orgs + docs {
			go func() { answered <- send(n) }()
		}
		ids := map[string]bool{}
		if first := <-answered; first.err == nil { // something is done, the rest is under way
			first.is(http.StatusCreated, http.StatusTooManyRequests)
		}
		s.kill()
		for range orgs + docs - 1 {
			<-answered
		}
		s.start()
		for n := range orgs + docs {
			ids[untilAnswered(t, func() answer { return send(n) }).document().ID] = true
		}
		if list := s.as(op.token).organizations(); len(list) != orgs+1 || len(ids) != orgs+docs {
			t.Errorf("%d creations and %d documents made %d organizations and %d things", orgs, docs, len(list)-1, len(ids))
		}
		ada.caller = s.as(ada.token)
		if there := ada.documents(); len(there) != docs {
			t.Errorf("there are %d documents, want %d", len(there), docs)
		}
	})
}

// untilAnswered repeats a request as clients do: while it is said to be in progress, or too many passwords are being hashed,
// after the time that Retry-After says.
func untilAnswered(t *testing.T, send func() answer) answer {
	t.Helper()
	for deadline := time.After(2 * patience); ; {
		a := send()
		switch a.status {
		default:
			return a.is(http.StatusCreated)
		case http.StatusConflict:
			a.refused(http.StatusConflict, api.CodeIdempotencyInProgress)
		case http.StatusTooManyRequests:
		}
		seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
		if err != nil || seconds < 1 || seconds > 5 {
			t.Fatalf("%s: Retry-After is %q", a, a.header.Get("Retry-After"))
		}
		select {
		case <-time.After(time.Duration(seconds) * time.Second):
		case <-deadline:
			t.Fatalf("%s, and so for good", a)
		}
	}
}
