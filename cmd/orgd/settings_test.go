package main

import "testing"

// TestHintNamesTheSameStore wants flags that a shell takes as they were given, and nothing that came otherwise.
func TestHintNamesTheSameStore(t *testing.T) {
	t.Parallel()
	for want, given := range map[string]map[string]string{
		"":                                 {"ORGD_LISTEN": "127.0.0.1:1", "ORGD_BCRYPT_COST": "12"},
		" --store sqlite:./elsewhere":      {"ORGD_STORE": "sqlite:./elsewhere"},
		` --store 'sqlite:Ada'\''s files'`: {"ORGD_STORE": "sqlite:Ada's files"},
		" --store 'mongodb://db/?replicaSet=rs&tls=true' --database acme --key-file /etc/orgd/key": {
			"ORGD_STORE": "mongodb://db/?replicaSet=rs&tls=true", "ORGD_DATABASE": "acme", "ORGD_KEY_FILE": "/etc/orgd/key",
		},
	} {
		if got := (&process{settings: given}).sameStore(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
