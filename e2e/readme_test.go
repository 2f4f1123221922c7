package e2e

import (
	"fmt"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestReadmeSession does what README.md shows, in one shell in an empty folder, and wants what it shows, word for word but
// for what differs from run to run. A command that starts the server is started in the background; its greeting is its
// output, since the log goes to standard error. The page starts on the embedded store, as a newcomer does. Where the page says port 8000 the server listens elsewhere.
func TestReadmeSession(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../README.md")
	must(t, err)
	steps := parseSession(string(page))
	s := prepare(t, sqliteStore)
	shell := newShell(t, s)
	shown, got := newRun(s.folder), newRun(s.folder)
	served := false
	for _, step := range steps {
		var output string
		if serverLine.MatchString(step.command) {
			text, err := s.tryStart()
			if err != nil {
				t.Fatalf("README.md:%d: the server does not start: %v\n%s", step.line, err, s.log)
			}
			address, err := url.Parse(s.url)
			must(t, err)
			got.address, served, output = address.Host, true, text
		} else {
			output = shell.do(pagePort.ReplaceAllString(step.command, got.address))
		}
		want, output := shown.normal(step.output), got.normal(output)
		if want != output {
			t.Errorf("README.md:%d: %s\n--- it says\n%s\n--- it is\n%s", step.line, step.command, want, output)
		}
	}
	if len(steps) < 10 || !served {
		t.Fatalf("README.md has a session of %d commands, the server among them: %t", len(steps), served)
	}
	s.stop()
}

// step is a command of a session and the output that the page shows.
type step struct {
	line            int
	command, output string
}

// serverLine is a command that starts the server.
var serverLine = regexp.MustCompile(`^(orgd|go run \./cmd/orgd)( serve)?$`)

// pagePort is the server's address in the page's commands.
var pagePort = regexp.MustCompile(`(localhost|127\.0\.0\.1):8000`)

// parseSession returns the commands of a page's console blocks: the lines that begin with "$ ", each with those after it
// that the shell takes for its continuation; the rest is output.
func parseSession(page string) (steps []step) {
	inside, more := false, false
	for n, line := range strings.Split(page, "\n") {
		last := len(steps) - 1
		switch {
		case !inside:
			inside, more = line == "```console", false
		case line == "```":
			inside = false
		case strings.HasPrefix(line, "$ "):
			steps = append(steps, step{line: n + 1, command: line[2:]})
			more = continues(line)
		case last < 0: // a block that shows commands without their output
		case more:
			steps[last].command += "\n" + line
			more = continues(line)
		default:
			steps[last].output += line + "\n"
		}
	}
	return steps
}

func continues(line string) bool {
	return strings.HasSuffix(line, `\`) || strings.HasSuffix(line, "|") || strings.HasSuffix(line, "&&")
}

// run is one run of a session, whose output is made comparable with another's.
type run struct {
	folder, address string
	// ids are the UUIDs in the order in which they appeared: what is one id in the page must be one id in the run.
	ids map[string]string
}

func newRun(folder string) *run { return &run{folder: folder, ids: map[string]string{}} }

var (
	uuids = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}`)
	// changing is what else differs from run to run.
	changing = []struct {
		found *regexp.Regexp
		shown string
	}{
		{regexp.MustCompile(`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?Z)?`), "TIME"},
		{regexp.MustCompile(`"request_id":"[A-Z0-9]+-\d+"`), `"request_id":"REQUEST"`},
		{regexp.MustCompile(`eyJ[\w-]+\.[\w-]+\.[\w-]+`), "TOKEN"},
		{regexp.MustCompile(`(?m)^orgd \S+ is ready`), "orgd VERSION is ready"},
		{regexp.MustCompile(`(/[\w.-]+)+/orgd-data`), "/FOLDER/orgd-data"},
	}
)

// normal returns the output without what differs from run to run.
func (r *run) normal(output string) string {
	if r.address != "" {
		output = strings.ReplaceAll(output, r.address, "127.0.0.1:8000")
	}
	for _, c := range changing {
		output = c.found.ReplaceAllString(output, c.shown)
	}
	output = uuids.ReplaceAllStringFunc(output, func(id string) string {
		if r.ids[id] == "" {
			r.ids[id] = fmt.Sprintf("UUID-%d", len(r.ids)+1)
		}
		return r.ids[id]
	})
	return strings.TrimRight(output, "\n")
}

// TestSessionIsParsed parses a page that has all that a session may have.
func TestSessionIsParsed(t *testing.T) {
	t.Parallel()
	got := parseSession("text\n```console\norgd # no session\n```\n```console\n$ one \\\n  two |\n  three\nout\n$ four\n```\n$ no\n```sh\n$ no\n```\n")
	want := []step{{6, "one \\\n  two |\n  three", "out\n"}, {10, "four", ""}}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("parsed %v, want %v", got, want)
	}
}
