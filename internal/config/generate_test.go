package config_test

import (
	"flag"
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"

	"github.com/orgd/orgd/internal/config"
)

var writeFiles = flag.Bool("write", false, "write the generated texts instead of comparing them")

// TestGenerated compares env.example and README.md's table with the settings; go generate rewrites both.
func TestGenerated(t *testing.T) {
	compare(t, "../../env.example", func(string) string { return config.EnvExample() })
	compare(t, "../../README.md", func(readme string) string {
		before, rest, found := strings.Cut(readme, config.TableBegin)
		_, after, ended := strings.Cut(rest, config.TableEnd)
		if !found || !ended {
			t.Fatalf("README.md lacks the comments %q and %q around its table of settings", config.TableBegin, config.TableEnd)
		}
		return before + config.TableBegin + "\n" + config.MarkdownTable() + config.TableEnd + after
	})
}

func compare(t *testing.T, name string, generate func(old string) string) {
	t.Helper()
	old, err := os.ReadFile(name)
	if err != nil && !*writeFiles {
		t.Fatal(err)
	}
	text := generate(string(old))
	switch {
	case text == string(old):
	case !*writeFiles:
		t.Errorf("%s is not what the settings give; run: go generate ./internal/config", name)
	default:
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestEnvExampleSaysTheDefaults takes the # away from every line and wants the configuration of an empty environment.
func TestEnvExampleSaysTheDefaults(t *testing.T) {
	t.Parallel()
	text := regexp.MustCompile(`(?m)^#(ORGD_)`).ReplaceAllString(config.EnvExample(), "$1")
	loaded, err := config.Load(config.Sources{DotEnv: write(t, text)})
	if err != nil {
		t.Fatal(err)
	}
	if want := load(t); !reflect.DeepEqual(loaded.Config, want) {
		t.Errorf("got  %+v\nwant %+v", loaded.Config, want)
	}
}

func TestSettingsAreDescribed(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, s := range config.Settings() {
		if seen[s.Env] || !strings.HasPrefix(s.Env, "ORGD_") {
			t.Errorf("%s stands twice or lacks the prefix", s.Env)
		}
		seen[s.Env] = true
		if s.Group == "" || s.Rule == "" || s.Help == "" || strings.HasSuffix(s.Help, ".") {
			t.Errorf("%s lacks a heading, rule or help without full stop", s.Env)
		}
	}
}

func TestTableHasARowForEachSetting(t *testing.T) {
	t.Parallel()
	rows := strings.Split(strings.TrimSpace(config.MarkdownTable()), "\n")
	if len(rows) != len(config.Settings())+2 {
		t.Fatalf("%d rows for %d settings", len(rows), len(config.Settings()))
	}
	for _, row := range rows {
		if n := strings.Count(strings.ReplaceAll(row, `\|`, ""), "|"); n != 4 {
			t.Errorf("row has %d bars: %s", n, row)
		}
	}
}
