package e2e

import (
	"context"
	"net/http"
	"strings"
	"syscall"
	"testing"
)

// hasty are settings under which a server that is silent is soon dead to others.
var hasty = []string{"ORGD_LEASE=1s", "ORGD_REQUEST_TIMEOUT=900ms"}

// TestMoveFromServers moves from a MongoDB: not while a server lives there; one that was killed is waited for; a move that was cut
// short keeps servers and commands out, until it is taken back or goes on.
func TestMoveFromServers(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, hasty...)
	acme := s.found("Acme", "ada@acme.example")
	acme.write("a", fields{"n": 1}).is(http.StatusCreated)

	refused := s.orgd("", "migrate", "--to", "sqlite:there")
	wantOneLine(t, refused.stderr)
	wantContains(t, refused.stderr, "a server works on mongodb://", "orgd instances")
	s.does("", "org", "list")
	acme.write("b", fields{"n": 2}).is(http.StatusCreated)

	s.kill()
	s.cutMove()
	text, err := s.tryStart()
	if err == nil {
		t.Fatalf("a server starts on a store that is closed:\n%s", text)
	}
	wantContains(t, s.log.take(), "is closed since", "orgd migrate again", "orgd migrate --cancel")
	if list := s.orgd("", "org", "list"); list.code != 1 || !strings.Contains(list.stderr, "is closed since") {
		t.Errorf("a command on a store that is closed: %+v", list)
	}
	wantContains(t, s.does("", "migrate", "--cancel"), "is in use again")
	s.start()
	acme.write("c", fields{"n": 3}).is(http.StatusCreated)
	s.stop()

	wantContains(t, s.does("", "migrate", "--to", "sqlite:there"), "Moved 1 organizations", "keep ORGD_KEY_FILE")
	there := prepare(t, sqliteStore)
	there.folder = s.folder
	there.env = append(there.env, "ORGD_STORE=sqlite:there", "ORGD_KEY_FILE="+s.setting("ORGD_KEY_FILE"))
	there.start()
	old := *acme
	old.caller = there.as(acme.token)
	if docs := old.documents(); len(docs) != 3 {
		t.Errorf("%d documents came along, want 3", len(docs))
	}
	there.stop()
}

// cutMove kills a move once it has closed the store.
func (s *server) cutMove() {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	command := s.command(ctx, "migrate", "--to", "sqlite:elsewhere")
	must(s.t, command.Start())
	eventually(s.t, "the store is closed", func() bool {
		return strings.Contains(s.orgd("", "org", "list").stderr, "is closed since")
	})
	must(s.t, command.Process.Kill())
	_ = command.Wait() // it was killed
}

// TestSleeperIsTurnedAway stops a server until its installation has moved away from under it, and lets it go on: it ends, and says
// where the installation is. Nothing that it answers meanwhile is lost, for it answers nothing.
func TestSleeperIsTurnedAway(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, hasty...)
	acme := s.found("Acme", "ada@acme.example")
	s.signal(syscall.SIGSTOP)
	wantContains(t, s.does("", "migrate", "--to", "sqlite:there"), "Moved 1 organizations")
	s.signal(syscall.SIGCONT)
	for n := range 100 {
		made := s.stranger().create("Late "+numbered(n), numbered(n)+"@late.example", goodPassword)
		if made.status == http.StatusCreated {
			t.Errorf("organization %d is made where the installation is no more", n)
		}
		if wrote := acme.write(numbered(n), fields{"n": n}); wrote.status == http.StatusCreated {
			t.Errorf("document %d is written where the installation is no more", n)
		}
		if made.err != nil {
			break
		}
	}
	if err := s.ended(); err == nil {
		t.Error("the server ends as if all were well")
	}
	wantContains(t, s.log.take(), "is retired since", "sqlite:"+s.folder+"/there")
}
