package e2e

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// ownEngine is a database server that belongs to one story, which may do to it what it likes.
type ownEngine struct {
	t    testing.TB
	name string
	env  []string
	uri  string
}

// newEngine brings up an engine that goes with the story. The settings are those of scripts/mongo-engine.
func newEngine(t testing.TB, settings ...string) *ownEngine {
	t.Helper()
	e := &ownEngine{t: t, name: "story-" + strings.ToLower(rand.Text()[:8]), env: settings}
	t.Cleanup(func() { e.run("remove") })
	e.run("up")
	e.uri = e.run("uri")
	return e
}

// run runs a command of the script and returns what it prints.
func (e *ownEngine) run(command string) string {
	e.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Minute) // a machine's first engine is built
	defer cancel()
	script := exec.CommandContext(ctx, filepath.Join("..", "scripts", "mongo-engine"), command)
	script.Env = append(append(os.Environ(), "ORGD_ENGINE_NAME="+e.name), e.env...)
	out, err := script.Output()
	if err != nil {
		e.t.Errorf("mongo-engine %s: %v", command, err)
	}
	return strings.TrimSpace(string(out))
}

// store is the engine as a store for a server; uri is how the server reaches it.
func (e *ownEngine) store(uri string) store {
	return store{name: "mongo", settings: func(t testing.TB, folder string) []string {
		t.Helper()
		return []string{"ORGD_STORE=" + uri, "ORGD_DATABASE=orgd", "ORGD_KEY_FILE=" + writeKey(t, folder)}
	}}
}

// look reads the databases of the server, not by the way that the server takes.
func (e *ownEngine) look() *look {
	e.t.Helper()
	client, err := mongo.Connect(options.Client().ApplyURI(e.uri).SetServerSelectionTimeout(patience))
	must(e.t, err)
	e.t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	return &look{e.t, context.WithoutCancel(e.t.Context()), client.Database("orgd"), client.Database("orgd_private")}
}

// writeKey writes a key file into a folder and returns its name.
func writeKey(t testing.TB, folder string) string {
	t.Helper()
	key := make([]byte, 32)
	_, _ = rand.Read(key)
	must(t, os.WriteFile(filepath.Join(folder, "mongo.key"), []byte(base64.StdEncoding.EncodeToString(key)), 0o600))
	return "mongo.key"
}
