package config_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
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
	if got := value(t, loaded, "ORGD_STORE"); loaded.Config.Store.Dir != "/srv/orgd" || got.Source != "file "+file {
		t.Errorf("data in %q from %q, want what the file says", loaded.Config.Store.Dir, got.Source)
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

// TestNoErrorTellsASecret gives a password by every way in, where it is refused, and looks for it in what comes out.
func TestNoErrorTellsASecret(t *testing.T) {
	t.Parallel()
	for name, sources := range map[string]config.Sources{
		"without a key file": {Environ: []string{"ORGD_STORE=" + uri}},
		"wrong scheme":       {Environ: []string{"ORGD_STORE=postgres://orgd:hunter2@db/orgd"}},
		"no host":            {Environ: []string{"ORGD_STORE=mongodb://orgd:hunter2@"}},
		"file":               {Environ: []string{"ORGD_STORE_FILE=" + write(t, uri)}},
		".env":               {DotEnv: write(t, "ORGD_STORE="+uri)},
		"command line":       {Flags: map[string]string{"ORGD_STORE": uri}},
		"half a secret":      {Flags: map[string]string{"ORGD_STORE": "sqlite://orgd:hunter2@db"}},
		"an option":          {Flags: map[string]string{"ORGD_STORE": "mongodb://db/?tlsCertificateKeyFilePassword=hunter2"}},
	} {
		_, err := config.Load(sources)
		if err == nil || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error without the password", name, err)
		}
	}
}

// TestStoreIsShownWithoutCredentials looks at everything that prints, logs or marshals a store.
func TestStoreIsShownWithoutCredentials(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		uri:                      "mongodb://orgd:***@db.example.com/orgd",
		"mongodb://db,db2:27018": "mongodb://db,db2:27018",
		"mongodb+srv://orgd:hunter2@db.example.com/?tls=true":                      "mongodb+srv://orgd:***@db.example.com/?tls=true",
		"mongodb://orgd:hunter2@a:1,b:2/orgd?replicaSet=rs":                        "mongodb://orgd:***@a:1,b:2/orgd?replicaSet=rs",
		"mongodb://orgd:hun/ter2@db":                                               "mongodb://orgd:***@db",
		"mongodb://orgd:hun@hunter2@db":                                            "mongodb://orgd:***@db",
		"mongodb://orgd:hun?hunter2@db":                                            "mongodb://orgd:***@db",
		"mongodb://orgd@db/?authMechanism=MONGODB-X509":                            "mongodb://orgd@db/?authMechanism=MONGODB-X509",
		"mongodb://db/?TLSCertificateKeyFilePassword=hunter2":                      "mongodb://db/?TLSCertificateKeyFilePassword=***",
		"mongodb://db/?authMechanismProperties=AWS_SESSION_TOKEN:hunter2&tls=true": "mongodb://db/?authMechanismProperties=***&tls=true",
	} {
		loaded, err := config.Load(config.Sources{Environ: []string{"ORGD_STORE=" + text, "ORGD_KEY_FILE=key"}})
		if err != nil {
			t.Errorf("%s: %v", want, err)
			continue
		}
		if got := value(t, loaded, "ORGD_STORE").Text; got != want || string(loaded.Config.Store.URI) != text {
			t.Errorf("%s is shown as %s, want %s", loaded.Config.Store.URI, got, want)
		}
		marshalled, err := json.Marshal(loaded.Config)
		var logged strings.Builder
		slog.New(slog.NewJSONHandler(&logged, nil)).Info("set", "store", loaded.Config.Store)
		for _, got := range []string{fmt.Sprintf("%v %+v %s", loaded.Config, loaded.Config, loaded.Config.Store.URI), string(marshalled), logged.String()} {
			if err != nil || strings.Contains(got, "hunter2") {
				t.Errorf("the password of %s is told: %v", want, err)
			}
		}
	}
}

func TestPasswordOnTheCommandLineIsRefused(t *testing.T) {
	t.Parallel()
	_, err := config.Load(config.Sources{Flags: map[string]string{"ORGD_STORE": uri}})
	if err == nil || !strings.Contains(err.Error(), "list of processes") {
		t.Errorf("got %v, want the reason why not", err)
	}
}
