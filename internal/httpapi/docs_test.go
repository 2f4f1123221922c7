package httpapi_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// A person opens /docs in a browser without a network, creates the organization of the example, and nothing that the page's policy forbids is
// even attempted.
func TestDocsWorkInABrowser(t *testing.T) {
	w := newWorld(t)
	web := httptest.NewServer(w.handler)
	defer web.Close()
	ctx, seen := browse(t, web.URL)

	const (
		create chromedp.CSS = "#operations-Organizations_by_name-post-org-create"
		result              = create + " .live-responses-table"
	)
	err := chromedp.Do(
		ctx,
		chromedp.EmulateViewport(1280, 1600),
		chromedp.Navigate(web.URL+"/docs"),
		chromedp.WaitVisible(create),
		chromedp.Click(create+" .opblock-summary-control"),
		chromedp.WaitVisible(create+" .btn.execute"),
		chromedp.Click(create+" .btn.execute"),
		chromedp.WaitVisible(result),
	)
	if err != nil {
		t.Fatal(err, seen.all())
	}
	shot := read(t, ctx, chromedp.FullScreenshot(100))
	status := read(t, ctx, chromedp.Text(result+" tbody .response-col_status"))
	body := read(t, ctx, chromedp.Text(result+" .highlight-code"))
	title := read(t, ctx, chromedp.Title())
	keep(t, "docs.png", shot)
	if !strings.HasPrefix(status, "201") || !strings.Contains(body, `"organization_name": "Acme Corp"`) {
		t.Errorf("trying it out gave %q, %q", status, body)
	}
	w.get(t, "/org/get?organization_name=acme+corp").want(t, http.StatusOK, nil)
	if title != "orgd: the API" {
		t.Errorf("the page is titled %q", title)
	}
	for _, complaint := range seen.all() {
		t.Error(complaint)
	}
}

// The test above bites: the policy that it relies on is in force, and what breaks it is seen.
func TestDocsTestBites(t *testing.T) {
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", bare(t).get(t, "/docs").header.Get("Content-Security-Policy"))
		_, _ = io.WriteString(w, `<!doctype html><link rel="icon" href="data:,"><style>p{color:red}</style><p style="color:red">x<script>document.title="run"</script><img src="http://elsewhere.example/x.png">`)
	}))
	defer web.Close()
	ctx, seen := browse(t, web.URL)
	if err := chromedp.Do(ctx, chromedp.Navigate(web.URL)); err != nil {
		t.Fatal(err)
	}
	if title := read(t, ctx, chromedp.Title()); title == "run" {
		t.Error("a script within the page runs")
	}
	all := strings.Join(seen.all(), "\n")
	for _, want := range []string{"policy: style-src-elem", "policy: style-src-attr", "policy: script-src-elem", "policy: img-src"} {
		if !strings.Contains(all, want) {
			t.Errorf("not seen: %s in\n%s", want, all)
		}
	}
}

// read returns what an action finds on the page.
func read[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T { //nolint:revive // t comes first in tests
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// keep writes a screenshot where a person can look at it.
func keep(t *testing.T, name string, shot []byte) {
	t.Helper()
	folders := []string{t.ArtifactDir()}
	if dir := os.Getenv("ORGD_SCREENSHOTS"); dir != "" {
		folders = append(folders, dir)
	}
	for _, dir := range folders {
		if err := os.WriteFile(filepath.Join(dir, name), shot, 0o600); err != nil {
			t.Error(err)
		}
	}
}

// complaints is what a browser did not like about a page, and requests that left the server.
type complaints struct {
	mu   sync.Mutex
	list []string
}

func (c *complaints) add(kind, text string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.list = append(c.list, kind+": "+text)
}

func (c *complaints) all() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.list...)
}

// browse starts a browser that notes everything it complains about.
func browse(t *testing.T, server string) (context.Context, *complaints) {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)), chromedp.UserDataDir(t.TempDir()), chromedp.DisableGPU,
		chromedp.Flag("disable-background-networking", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("disable-sync", true), chromedp.Flag("no-first-run", true),
	)
	if os.Geteuid() == 0 {
		options = append(options, chromedp.NoSandbox)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() {
		_ = chromedp.Cancel(ctx)
		cancel()
	})
	seen := &complaints{}
	if err := chromedp.Listen(ctx, func(event any) { seen.note(event, server) }); err != nil {
		t.Fatal(err)
	}
	const watch = `addEventListener("securitypolicyviolation", e => console.error("policy: " + e.violatedDirective + " " + e.blockedURI + " " + e.sample))`
	if _, err := chromedp.Call(ctx, network.Enable, network.EnableParams{}); err != nil {
		t.Fatal(err)
	}
	_, err := chromedp.Call(ctx, page.AddScriptToEvaluateOnNewDocument, page.AddScriptToEvaluateOnNewDocumentParams{Source: watch})
	if err != nil {
		t.Fatal(err)
	}
	return ctx, seen
}

func (c *complaints) note(event any, server string) {
	switch e := event.(type) {
	case *cdplog.EventEntryAdded:
		if e.Entry.Level == cdplog.EntryLevelError || e.Entry.Level == cdplog.EntryLevelWarning {
			c.add("log", e.Entry.Text+" "+e.Entry.URL)
		}
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				c.add("console", string(arg.Value))
			}
		}
	case *runtime.EventExceptionThrown:
		c.add("exception", e.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		if url := e.Request.URL; !strings.HasPrefix(url, server+"/") && !strings.HasPrefix(url, "data:") {
			c.add("left the server", url)
		}
	}
}

// chromium finds the browser. Without one the test fails: what nobody looked at is not shown to work.
func chromium(t *testing.T) string {
	t.Helper()
	if path := os.Getenv("ORGD_TEST_CHROMIUM"); path != "" {
		return path
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	t.Fatal("no Chromium: install one, or name it in ORGD_TEST_CHROMIUM")
	return ""
}
