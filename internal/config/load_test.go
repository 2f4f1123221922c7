package config_test

import (
	"log/slog"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/config"
)

// write makes a file and returns its path.
func write(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// load reads settings from an environment alone.
func load(t *testing.T, environ ...string) config.Config {
	t.Helper()
	loaded, err := config.Load(config.Sources{Environ: environ})
	if err != nil {
		t.Fatal(err)
	}
	return loaded.Config
}

func value(t *testing.T, l config.Loaded, env string) config.Value {
	t.Helper()
	i := slices.IndexFunc(l.Values, func(v config.Value) bool { return v.Setting.Env == env })
	if i < 0 {
		t.Fatalf("no value of %s", env)
	}
	return l.Values[i]
}

func TestFirstSourceThatIsNotEmptyCounts(t *testing.T) {
	t.Parallel()
	dotEnv := write(t, "ORGD_LISTEN=127.0.0.1:3\nORGD_BCRYPT_COST=13\nORGD_DOCS=\n")
	for _, tc := range []struct {
		name, flag, env, dotEnv string
		want, source            string
	}{
		{"flag", "127.0.0.1:1", "127.0.0.1:2", dotEnv, "127.0.0.1:1", "flag --listen"},
		{"environment", "", "127.0.0.1:2", dotEnv, "127.0.0.1:2", "environment"},
		{".env", "", "", dotEnv, "127.0.0.1:3", ".env"},
		{"default", "", "", "", "127.0.0.1:8000", "default"},
		{"a .env that is not there", "", "", filepath.Join(t.TempDir(), "none"), "127.0.0.1:8000", "default"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			loaded, err := config.Load(config.Sources{
				Flags:   map[string]string{"ORGD_LISTEN": tc.flag},
				Environ: []string{"ORGD_LISTEN=" + tc.env, "ORGD_DOCS="},
				DotEnv:  tc.dotEnv,
			})
			if err != nil {
				t.Fatal(err)
			}
			if got := value(t, loaded, "ORGD_LISTEN"); loaded.Config.Listen != tc.want || got.Source != tc.source || got.Text != tc.want {
				t.Errorf("listens on %q from %q, want %q from %q", loaded.Config.Listen, got.Source, tc.want, tc.source)
			}
			if got := value(t, loaded, "ORGD_DOCS"); !loaded.Config.Docs || got.Source != "default" {
				t.Errorf("an empty ORGD_DOCS counts (%q), want the default", got.Source)
			}
		})
	}
}

// TestEveryValueReachesItsField sets every setting of the table to something else than its default, so that each field of the
// configuration differs from what it is by default.
func TestEveryValueReachesItsField(t *testing.T) {
	t.Parallel()
	environ := []string{
		"ORGD_LISTEN=0.0.0.0:80", "ORGD_STORE=sqlite:/data/a b", "ORGD_DATABASE=orgs_2", "ORGD_PUBLIC_URL=https://orgs.example.com/",
		"ORGD_HOSTS=Orgs.Internal, [::1]", "ORGD_TLS_CERT=c.pem", "ORGD_TLS_KEY=k.pem", "ORGD_BEHIND_TLS=1",
		"ORGD_TRUSTED_PROXIES=10.0.0.7,10.1.2.3/16,::1", "ORGD_CORS_ORIGINS=https://app.example.com,http://localhost:3000",
		"ORGD_KEY_FILE=key", "ORGD_TOKEN_TTL=5m", "ORGD_BCRYPT_COST=10", "ORGD_PASSWORD_MIN=15", "ORGD_PASSWORD_CHECK=off",
		"ORGD_SIGNUP=operator", "ORGD_SIGNUP_RATE=10/1m", "ORGD_LOOKUP=members", "ORGD_DELETE_RETENTION=0", "ORGD_THROTTLE=off",
		"ORGD_MAX_ORGS=7", "ORGD_TENANT_BYTES=1000", "ORGD_BODY_LIMIT=2MiB", "ORGD_REQUEST_TIMEOUT=2s", "ORGD_LEASE=3s",
		"ORGD_NAME_QUARANTINE=2h", "ORGD_METRICS_LISTEN=:9090", "ORGD_DOCS=off", "ORGD_LOG_FORMAT=json", "ORGD_LOG_LEVEL=debug",
	}
	for _, s := range config.Settings() {
		if !slices.ContainsFunc(environ, func(set string) bool { return strings.HasPrefix(set, s.Env+"=") }) {
			t.Errorf("%s is not among the values", s.Env)
		}
	}
	got := load(t, environ...)
	want := config.Config{
		Listen: "0.0.0.0:80", MetricsListen: ":9090", PublicURL: "https://orgs.example.com",
		Hosts: []string{"orgs.internal", "::1"}, TLSCert: "c.pem", TLSKey: "k.pem", BehindTLS: true,
		TrustedProxies: []netip.Prefix{
			netip.MustParsePrefix("10.0.0.7/32"), netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("::1/128"),
		},
		CORSOrigins:    []string{"https://app.example.com", "http://localhost:3000"},
		RequestTimeout: 2 * time.Second, BodyLimit: 2 << 20, Store: config.Store{Dir: "/data/a b"}, Database: "orgs_2", TenantBytes: 1000, MaxOrgs: 7,
		Lease: 3 * time.Second, NameQuarantine: 2 * time.Hour, KeyFile: "key", TokenTTL: 5 * time.Minute, BcryptCost: 10, PasswordMin: 15,
		SignupRate: config.Rate{Burst: 10, Per: time.Minute}, LogJSON: true, LogLevel: slog.LevelDebug,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	set, unset := reflect.ValueOf(got), reflect.ValueOf(load(t))
	for i := range set.NumField() {
		if reflect.DeepEqual(set.Field(i).Interface(), unset.Field(i).Interface()) {
			t.Errorf("no value reaches %s, which is %v as by default", set.Type().Field(i).Name, set.Field(i))
		}
	}
}

func TestDefaultsAreWhatTheDesignSays(t *testing.T) {
	t.Parallel()
	want := config.Config{
		Listen: "127.0.0.1:8000", RequestTimeout: 4 * time.Second, BodyLimit: 1 << 20, Store: config.Store{Dir: "./orgd-data"}, Database: "orgd",
		TenantBytes: 1 << 30, DeleteRetention: 7 * 24 * time.Hour, Lease: 5 * time.Second, TokenTTL: time.Hour, BcryptCost: 12,
		PasswordMin: 8, PasswordCheck: true, SignupOpen: true, SignupRate: config.Rate{Burst: 300, Per: 10 * time.Minute},
		LookupPublic: true, Throttle: true, Docs: true, LogLevel: slog.LevelInfo,
	}
	if got := load(t); !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
	if got := want.SignupRate.PerSecond(); got != 0.5 {
		t.Errorf("sign-ups are given back %v a second, want one in two seconds", got)
	}
}

func TestBadValueStopsWithOneClearLine(t *testing.T) {
	t.Parallel()
	bad := map[string][]string{
		"ORGD_LISTEN":           {"8000", "127.0.0.1", "127.0.0.1:http", "127.0.0.1:99999", "a b"},
		"ORGD_STORE":            {"./data", "sqlite:", "postgres://x", "mongodb://", "mongodb:///orgd", "mongodb://u:p@", "mongodb+srv://", "mongodb://:27017", "mongodb://a b", "MONGODB://host"},
		"ORGD_DATABASE":         {"Orgd", "1orgd", "_orgd", "or-gd", "a.b", "admin", "local", "config", strings.Repeat("x", 31)},
		"ORGD_PUBLIC_URL":       {"orgs.example.com", "ftp://x", "https://", "https://u:p@x", "https://x/?a=b", "https://x/#f", "https://x/base", ":"},
		"ORGD_HOSTS":            {"https://x", "x:80", "a,,b", "*"},
		"ORGD_BEHIND_TLS":       {"2", "maybe", "true"},
		"ORGD_TRUSTED_PROXIES":  {"proxy", "10.0.0.0/33", "fe80::1%eth0", "10.0.0.1,"},
		"ORGD_CORS_ORIGINS":     {"*", "https://x/", "https://x/path", "x", "null", "HTTPS://x"},
		"ORGD_TOKEN_TTL":        {"60", "1s", "48h", "-5m"},
		"ORGD_BCRYPT_COST":      {"9", "16", "12.5", "x", "1e1"},
		"ORGD_PASSWORD_MIN":     {"7", "65"},
		"ORGD_PASSWORD_CHECK":   {"1", "yes"},
		"ORGD_SIGNUP":           {"closed", "Open"},
		"ORGD_SIGNUP_RATE":      {"300", "0/10m", "-1/1m", "300/0s", "x/1m", "300/x", "2000000/1m"},
		"ORGD_LOOKUP":           {"private"},
		"ORGD_DELETE_RETENTION": {"7d", "-1h", "100000h"},
		"ORGD_THROTTLE":         {"0"},
		"ORGD_MAX_ORGS":         {"-1", "many"},
		"ORGD_TENANT_BYTES":     {"1GB", "-1", "1.5GiB", "9999999999GiB", "GiB", "99999999999999999999"},
		"ORGD_BODY_LIMIT":       {"0", "1GiB"},
		"ORGD_REQUEST_TIMEOUT":  {"0s", "1h", "4"},
		"ORGD_LEASE":            {"0s", "1h"},
		"ORGD_NAME_QUARANTINE":  {"1d", "-1h", "721h"},
		"ORGD_METRICS_LISTEN":   {"on", "9090"},
		"ORGD_DOCS":             {"true"},
		"ORGD_LOG_FORMAT":       {"logfmt"},
		"ORGD_LOG_LEVEL":        {"INFO", "trace"},
	}
	files := []string{"ORGD_TLS_CERT", "ORGD_TLS_KEY", "ORGD_KEY_FILE"} // who reads them says what is wrong
	for _, s := range config.Settings() {
		if bad[s.Env] == nil && !slices.Contains(files, s.Env) {
			t.Errorf("no bad value of %s is tried", s.Env)
		}
	}
	for env, values := range bad {
		for _, text := range values {
			_, err := config.Load(config.Sources{Environ: []string{env + "=" + text}})
			if err == nil {
				t.Errorf("%s=%q is accepted", env, text)
				continue
			}
			if line := err.Error(); !strings.HasPrefix(line, env+" (environment) ") || strings.Contains(line, "\n") {
				t.Errorf("%s=%q: %q does not tell the setting and its source in one line", env, text, line)
			}
		}
	}
}

func TestSettingsThatDependOnEachOther(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name    string
		environ []string
		want    string // in the error; empty for none
	}{
		{"certificate without key", []string{"ORGD_TLS_CERT=c"}, "ORGD_TLS_KEY is not"},
		{"key without certificate", []string{"ORGD_TLS_KEY=k"}, "ORGD_TLS_CERT is not"},
		{"request longer than the lease", []string{"ORGD_REQUEST_TIMEOUT=5s"}, "shorter than ORGD_LEASE"},
		{"MongoDB without a key file", []string{"ORGD_STORE=mongodb://db"}, "orgd keys file PATH"},
		{"MongoDB with a key file", []string{"ORGD_STORE=mongodb+srv://db.example.com/?tls=true", "ORGD_KEY_FILE=key"}, ""},
		{"everywhere in clear text", []string{"ORGD_LISTEN=:8000"}, "ORGD_BEHIND_TLS=1"},
		{"a name in clear text", []string{"ORGD_LISTEN=orgs.internal:8000"}, "ORGD_BEHIND_TLS=1"},
		{"an address in clear text", []string{"ORGD_LISTEN=192.0.2.1:8000"}, "ORGD_BEHIND_TLS=1"},
		{"metrics in clear text", []string{"ORGD_METRICS_LISTEN=[::]:9090"}, "ORGD_METRICS_LISTEN (environment)"},
		{"everywhere behind a proxy", []string{"ORGD_LISTEN=:8000", "ORGD_BEHIND_TLS=1"}, ""},
		{"everywhere with TLS", []string{"ORGD_LISTEN=:8000", "ORGD_TLS_CERT=c", "ORGD_TLS_KEY=k"}, ""},
		{"loopback of IPv6", []string{"ORGD_LISTEN=[::1]:8000"}, ""},
		{"loopback by name", []string{"ORGD_LISTEN=localhost:8000"}, ""},
		{"all of 127", []string{"ORGD_LISTEN=127.1.2.3:8000"}, ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			_, err := config.Load(config.Sources{Environ: tc.environ})
			switch {
			case tc.want == "" && err != nil:
				t.Error(err)
			case tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)):
				t.Errorf("got %v, want an error that tells %q", err, tc.want)
			}
		})
	}
}

func TestUnknownVariablesAreWarnedAbout(t *testing.T) {
	t.Parallel()
	loaded, err := config.Load(config.Sources{
		Environ: []string{"ORGD_LISTNE=x", "ORGD_TEST_MONGO_URI=x", "HOME=/root", "ORGD_LISTEN_FILE=x", "ORGD_STORE_FILE="},
		DotEnv:  write(t, "ORGD_BCRYPT=12\nOTHER=1\n"),
	})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"ORGD_LISTEN_FILE in the environment is not a setting of this version of orgd",
		"ORGD_LISTNE in the environment is not a setting of this version of orgd",
		"ORGD_BCRYPT in .env is not a setting of this version of orgd",
	}
	if !slices.Equal(loaded.Warnings, want) {
		t.Errorf("warnings %q, want %q", loaded.Warnings, want)
	}
}

func TestBrokenDotEnvIsRefusedWithoutItsText(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{"garbage": write(t, "hunter2 is the password\n"), "a folder": t.TempDir()} {
		_, err := config.Load(config.Sources{DotEnv: file})
		if err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v, want an error that names the file and repeats nothing of it", name, err)
		}
	}
}
