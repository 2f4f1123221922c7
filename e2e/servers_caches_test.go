package e2e

import (
	"net/http"
	"testing"
	"time"
)

// staleFor is how long another server may go by what it knew of a session or a key.
const staleFor = 2 * time.Second

// within waits until an answer has the status, and complains unless that is within the time in which caches may be stale.
func within(t *testing.T, what string, want int, ask func() answer) {
	t.Helper()
	began := time.Now()
	eventually(t, what, func() bool { return ask().status == want })
	if took := time.Since(began); took > staleFor {
		t.Errorf("%s: after %v, later than %v", what, took, staleFor)
	}
}

// TestDeletionHoldsAtOnceEverywhere deletes on one server and asks another one, which knew the organization a moment ago.
func TestDeletionHoldsAtOnceEverywhere(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	next := beside(t, s)
	next.start()
	for _, name := range []string{"Acme", "Beta", "Gamma"} {
		ada := s.found(name, "ada@"+name+".example")
		there := *ada
		there.caller = next.as(ada.token)
		there.write("plan", fields{"n": 1}).is(http.StatusCreated)
		there.read("plan").is(http.StatusOK)
		next.stranger().lookup(name).is(http.StatusOK)
		ada.dropIt().is(http.StatusOK)
		there.read("plan").is(http.StatusUnauthorized, http.StatusNotFound)
		there.write("late", fields{"n": 2}).is(http.StatusUnauthorized, http.StatusNotFound)
		next.stranger().lookup(name).is(http.StatusNotFound)
	}
}

// TestReturnFromTheTrashIsSeenEverywhere brings an organization back on one server and goes on at another one, which was asked for
// it a moment ago and said that it is gone.
func TestReturnFromTheTrashIsSeenEverywhere(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	next := beside(t, s)
	next.start()
	operator := s.operator("op@orgd.example")
	for _, name := range []string{"Acme", "Beta", "Gamma"} {
		ada := s.found(name, "ada@"+name+".example")
		there := *ada
		there.signIn(next)
		there.write("plan", fields{"n": 1}).is(http.StatusCreated)
		ada.dropIt().is(http.StatusOK)
		there.read("plan").is(http.StatusUnauthorized, http.StatusNotFound)
		operator.post("/v1/organizations/"+ada.org.ID+"/restore", fields{}).is(http.StatusOK)
		there.caller = next.as(s.stranger().login(ada.email, goodPassword).accessToken())
		there.read("plan").is(http.StatusOK)
	}
}

// TestRevocationsReachEveryServer ends sessions and a key on one server: another one takes them for a change at once no more, and for
// nothing after two seconds.
func TestRevocationsReachEveryServer(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	next := beside(t, s)
	next.start()
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
	other := *ada
	other.signIn(next)
	other.read("plan").is(http.StatusOK)
	const nextPassword = "battery staple correct"
	ada.patch("/v1/me", fields{"current_password": goodPassword, "password": nextPassword}).is(http.StatusOK)
	other.rename("Acme", "Theirs").is(http.StatusUnauthorized)
	within(t, "a session that was ended elsewhere", http.StatusUnauthorized, func() answer { return other.read("plan") })

	other.caller = next.as(s.stranger().login(ada.email, nextPassword).accessToken())
	other.read("plan").is(http.StatusOK)
	kid := signingKey.FindStringSubmatch(s.does("", "keys", "list"))
	if kid == nil {
		t.Fatal("there is no signing key")
	}
	s.does("", "keys", "revoke", kid[1])
	within(t, "a key that was revoked elsewhere", http.StatusUnauthorized, func() answer { return other.read("plan") })
}
