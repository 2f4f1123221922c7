package config_test

import (
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/config"
)

func TestOtherStore(t *testing.T) {
	t.Parallel()
	file := write(t, uri+"\n")
	for name, c := range map[string]struct {
		flag    string
		environ []string
		want    config.Store
		says    string
	}{
		"flag":                 {flag: "sqlite:a", environ: []string{"ORGD_MIGRATE_TO=sqlite:b"}, want: config.Store{Dir: "a"}},
		"variable":             {environ: []string{"ORGD_MIGRATE_TO=" + uri}, want: config.Store{URI: uri}},
		"file":                 {environ: []string{"ORGD_MIGRATE_TO_FILE=" + file}, want: config.Store{URI: uri}},
		"nothing":              {environ: []string{"ORGD_STORE=sqlite:b"}, says: "name the store with --to, or in ORGD_MIGRATE_TO or ORGD_MIGRATE_TO_FILE"},
		"password as a flag":   {flag: uri, says: "ORGD_MIGRATE_TO (flag --to) holds a password, which others see in the list of processes; set ORGD_MIGRATE_TO or ORGD_MIGRATE_TO_FILE"},
		"no store":             {flag: "postgres://db", says: "ORGD_MIGRATE_TO (flag --to) must be sqlite: and"},
		"no store in variable": {environ: []string{"ORGD_MIGRATE_TO=postgres://orgd:hunter2@db"}, says: "ORGD_MIGRATE_TO (environment) must be sqlite: and"},
	} {
		got, err := config.MigrateTo.Load(config.Sources{Environ: c.environ}, c.flag)
		if c.says == "" && (err != nil || got != c.want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, c.want)
		}
		if c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says) || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("%s: got %v, want an error that says %q", name, err, c.says)
		}
	}
}

func TestVariablesOfOtherStoresAreKnown(t *testing.T) {
	t.Parallel()
	loaded, err := config.Load(config.Sources{Environ: []string{"ORGD_MIGRATE_TO=sqlite:a", "ORGD_MIGRATE_TO_FILE=b", "ORGD_MIGRATE_TOO=c"}})
	if err != nil || len(loaded.Warnings) != 1 || !strings.Contains(loaded.Warnings[0], "ORGD_MIGRATE_TOO") {
		t.Errorf("warnings %v (%v)", loaded.Warnings, err)
	}
}
