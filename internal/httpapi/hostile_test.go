package httpapi_test

import (
	"fmt"
	"net/http"
	"net/netip"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

const evil = "evil.example"

// forwarding are the headers by which a proxy tells whom it speaks for, and others that frameworks believe.
var forwarding = []string{
	"X-Forwarded-Host", evil, "X-Forwarded-Proto", "gopher", "X-Forwarded-Port", "666", "X-Forwarded-Prefix", "/" + evil,
	"X-Forwarded-Server", evil, "X-Original-URL", "/" + evil, "X-Rewrite-URL", "/" + evil, "X-Host", evil, "X-Original-Host", evil,
	"Forwarded", "for=192.0.2.66;host=" + evil + ";proto=gopher", "X-Real-Ip", "192.0.2.66", "X-Forwarded-For", "192.0.2.66",
	"X-HTTP-Method-Override", "DELETE", "Origin", "https://" + evil, "Referer", "https://" + evil + "/",
}

// No route believes a Host or forwarding header: nothing of them is in any answer or log line, and a Host that is not ours is
// refused before anything else, health checks excepted.
func TestNoRouteBelievesTheHost(t *testing.T) {
	c := newCast(t)
	victim := c.victim(t)
	for _, route := range c.world.server.Routes() {
		row := callerTable[route]
		for _, who := range []*person{{world: c.world}, victim} {
			row.headers = forwarding
			got := c.send(t, who, route, row, victim)
			if echo(got, evil, "gopher", "192.0.2.66") {
				t.Errorf("%s answers %d %v %s", route, got.status, got.header, got.body)
			}
			if got.status < 300 && !strings.HasPrefix(route, "GET") {
				victim = c.victim(t)
			}
			row.headers = append([]string{"Host", evil}, forwarding...)
			got = c.send(t, who, route, row, victim)
			if strings.HasSuffix(route, "/healthz") || strings.HasSuffix(route, "/readyz") {
				got.want(t, http.StatusOK, nil)
			} else {
				got.refused(t, 421, api.CodeMisdirected)
			}
			if echo(got, evil, "gopher") {
				t.Errorf("%s answers %d %v %s", route, got.status, got.header, got.body)
			}
		}
	}
	if log := c.world.log.String(); strings.Contains(log, evil) || strings.Contains(log, "192.0.2.66") {
		t.Error("the log believes them")
	}
}

// echo reports whether an answer repeats one of the words.
func echo(a answer, words ...string) bool {
	whole := fmt.Sprint(a.header) + string(a.body)
	for _, word := range words {
		if strings.Contains(whole, word) {
			return true
		}
	}
	return false
}

// Behind a trusted proxy the audit log and the access log name the client, elsewhere the peer.
func TestWhoTheLogNames(t *testing.T) {
	for trusted, want := range map[string]string{"10.0.0.0/8": "198.51.100.7", "10.1.0.0/16": "10.0.0.1"} {
		w := newWorld(t, func(s *setup) { s.options.TrustedProxies = []netip.Prefix{netip.MustParsePrefix(trusted)} })
		var org api.Organization
		w.send(t, "POST", "/org/create", `{"organization_name":"Acme","email":"ada@acme.example","password":"`+goodPassword+`"}`,
			"Remote", "10.0.0.1:1", "X-Forwarded-For", "192.0.2.66, 198.51.100.7", "X-Request-Id", "story-1").want(t, http.StatusCreated, &org)
		entries, err := w.store.Audit.List(t.Context(), tenantOrg(&person{org: org}), 0, 10)
		if err != nil || len(entries) != 1 {
			t.Fatalf("%d entries, %v", len(entries), err)
		}
		if entries[0].Address != want || entries[0].RequestID != "story-1" || !strings.Contains(w.log.String(), `"address":"`+want+`"`) {
			t.Errorf("trusting %s, the entry is %+v", trusted, entries[0])
		}
	}
}
