package config_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/config"
)

const uri = "mongodb://orgd:hunter2@db.example.com/orgd"

func TestSecretIsReadFromAFile(t *testing.T) {
	t.Parallel()
	file := write(t, "sqlite:/srv/orgd\n")
	loaded, err := config.Load(config.Sources{Environ: []string{"ORGD_STORE_FILE=" + file}})
	if err != nil {
		t.Fatal(err)
	}
	if got := value(t, loaded, "ORGD_STORE"); loaded.Config.DataDir != "/srv/orgd" || got.Source != "file "+file {
		t.Errorf("data in %q from %q, want what the file says", loaded.Config.DataDir, got.Source)
	}
}

func TestSecretFileProblemsAreTold(t *testing.T) {
	t.Parallel()
	full, empty := write(t, "sqlite:a"), write(t, "\n")
	for name, environ := range map[string][]string{
		"cannot read": {"ORGD_STORE_FILE=" + filepath.Join(t.TempDir(), "none")},
		"is empty":    {"ORGD_STORE_FILE=" + empty},
		"both set":    {"ORGD_STORE_FILE=" + full, "ORGD_STORE=sqlite:b"},
	} {
		_, err := config.Load(config.Sources{Environ: environ})
		if err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "ORGD_STORE_FILE") {
			t.Errorf("got %v, want an error about ORGD_STORE_FILE that says %q", err, name)
		}
	}
}

// TestNoErrorTellsASecret gives a password by every way in, right and wrong, and looks for it in what comes out.
func TestNoErrorTellsASecret(t *testing.T) {
	t.Parallel()
	for name, sources := range map[string]config.Sources{
		"environment":   {Environ: []string{"ORGD_STORE=" + uri}},
		"wrong scheme":  {Environ: []string{"ORGD_STORE=postgres://orgd:hunter2@db/orgd"}},
		"file":          {Environ: []string{"ORGD_STORE_FILE=" + write(t, uri)}},
		".env":          {DotEnv: write(t, "ORGD_STORE="+uri)},
		"command line":  {Flags: map[string]string{"ORGD_STORE": uri}},
		"half a secret": {Flags: map[string]string{"ORGD_STORE": "sqlite://orgd:hunter2@db"}},
	} {
		loaded, err := config.Load(sources)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the password", name, err)
		}
		for _, v := range loaded.Values {
			if strings.Contains(v.Text, "hunter2") {
				t.Errorf("%s: %s tells the password", name, v.Setting.Env)
			}
		}
	}
}

func TestMongoDBIsSaidToBeUnsupported(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{Environ: []string{"ORGD_STORE=" + uri}})
	if err == nil || !strings.Contains(err.Error(), "this version does not support") {
		t.Errorf("got %v, want a sentence about MongoDB", err)
	}
}

func TestPasswordOnTheCommandLineIsRefused(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{Flags: map[string]string{"ORGD_STORE": uri}})
	if err == nil || !strings.Contains(err.Error(), "list of processes") {
		t.Errorf("got %v, want the reason why not", err)
	}
}
