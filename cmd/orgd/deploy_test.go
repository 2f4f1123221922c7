package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/config"
	"github.com/orgd/orgd/internal/httpapi"
)

// deployment is the files of deploy/ and what speaks of them, by name.
type deployment map[string]string

func readDeployment(t *testing.T) deployment {
	t.Helper()
	d := deployment{}
	for _, name := range []string{
		"deploy/docker-compose.yaml", "deploy/kubernetes.yaml", "deploy/orgd.service", "deploy/Dockerfile", "deploy/haproxy.cfg",
		"deploy/secrets.sh", "deploy/mongo-init.js", "docs/deploy.md", "api/openapi.yaml", "go.mod",
	} {
		text, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(name)))
		if err != nil {
			t.Fatal(err)
		}
		d[name] = string(text)
	}
	return d
}

// all returns what the expression's group matches in a file.
func (d deployment) all(name, expression string) (found []string) {
	for _, match := range regexp.MustCompile(`(?m)`+expression).FindAllStringSubmatch(d[name], -1) {
		found = append(found, match[1])
	}
	return found
}

// one is all, for what stands there once or always alike; else "".
func (d deployment) one(name, expression string) string {
	found := slices.Compact(d.all(name, expression))
	if len(found) != 1 {
		return ""
	}
	return found[0]
}

// settings returns what a file sets of orgd's variables, with a URI in place of the file that would hold one.
func (d deployment) settings(name string) (environ []string) {
	for _, expression := range []string{
		`^ +(ORGD_[A-Z_]+): "?([^"\n]+)"?$`, `- name: (ORGD_[A-Z_]+)\n +value: "?([^"\n]+)"?$`, `^(?:Environment=|ENV )(ORGD_[A-Z_]+)=(\S+)$`,
	} {
		for _, match := range regexp.MustCompile(`(?m)`+expression).FindAllStringSubmatch(d[name], -1) {
			if match[1] == "ORGD_STORE_FILE" {
				match[1], match[2] = "ORGD_STORE", "mongodb://mongo1/"
			}
			environ = append(environ, match[1]+"="+match[2])
		}
	}
	return environ
}

// complaints returns what does not agree.
func (d deployment) complaints() (wrong []string) {
	complain := func(format string, args ...any) { wrong = append(wrong, fmt.Sprintf(format, args...)) }
	d.checkNames(complain)
	d.checkImages(complain)
	d.checkSecrets(complain)
	d.checkPaths(complain)
	loaded := map[string]config.Config{}
	for _, name := range []string{"deploy/docker-compose.yaml", "deploy/kubernetes.yaml", "deploy/orgd.service"} {
		environ := d.settings(name)
		l, err := config.Load(config.Sources{Environ: environ})
		if err != nil || len(l.Warnings) > 0 || len(environ) == 0 {
			complain("%s: %d settings: %v %v", name, len(environ), err, l.Warnings)
		}
		loaded[name] = l.Config
	}
	d.checkPorts(loaded["deploy/docker-compose.yaml"], loaded["deploy/kubernetes.yaml"], complain)
	d.checkPatience(loaded, complain)
	return wrong
}

// checkNames: whatever looks like a setting is one.
func (d deployment) checkNames(complain func(string, ...any)) {
	known := map[string]bool{}
	for _, s := range config.Settings() {
		known[s.Env], known[s.Env+"_FILE"] = true, s.Secret || known[s.Env+"_FILE"]
	}
	for name := range d {
		for _, variable := range d.all(name, `\b(ORGD_[A-Z_]+)\b`) {
			if !known[variable] {
				complain("%s: there is no setting %s", name, variable)
			}
		}
	}
}

// checkImages: every image has a version, and the one that builds has that of go.mod.
func (d deployment) checkImages(complain func(string, ...any)) {
	pinned := regexp.MustCompile(`^[a-z0-9./-]+:\d+\.\d+\.\d+[a-z0-9.-]*$|@sha256:[0-9a-f]{64}$`)
	count := 0
	for name, expression := range map[string]string{
		"deploy/docker-compose.yaml": `^ +image: (\S+)$`, "deploy/kubernetes.yaml": `^ +image: (\S+)$`, "deploy/Dockerfile": `^FROM (\S+)`,
	} {
		for _, image := range d.all(name, expression) {
			count++
			if !pinned.MatchString(image) {
				complain("%s: the image %s has no version", name, image)
			}
		}
	}
	language := d.one("go.mod", `^go (\d+\.\d+)`)
	if count < 7 || language == "" || !strings.HasPrefix(d.one("deploy/Dockerfile", `^FROM golang:(\S+)`), language+".") {
		complain("%d images, and the Dockerfile builds with another Go than go.mod's %s", count, language)
	}
	if ours := d.one("deploy/docker-compose.yaml", `image: (orgd:\S+)`); ours == "" || !strings.HasSuffix(d.one("deploy/kubernetes.yaml", `image: (\S+)`), "/"+ours) {
		complain("the image of orgd differs between compose and Kubernetes")
	}
}

// checkSecrets: what compose mounts is made by the script, and named where it is used.
func (d deployment) checkSecrets(complain func(string, ...any)) {
	const compose = "deploy/docker-compose.yaml"
	made := d.all("deploy/secrets.sh", `^make (\S+)`)
	for _, secret := range d.all(compose, `file: \./secrets/(\S+)$`) {
		if !slices.Contains(made, secret) {
			complain("nobody makes the secret %s", secret)
		}
	}
	for _, name := range []string{compose, "deploy/mongo-init.js"} {
		for _, used := range append(d.all(name, `/run/secrets/([a-z-]+)`), d.all(name, `secret\("([a-z-]+)"\)`)...) {
			if !slices.Contains(made, used) {
				complain("%s: nobody makes the secret %s", name, used)
			}
		}
	}
	mount := d.one("deploy/kubernetes.yaml", `mountPath: (\S+)`)
	items := d.all("deploy/kubernetes.yaml", `^ +path: ([a-z]+)$`)
	for _, file := range d.all("deploy/kubernetes.yaml", `value: (/run/\S+)`) {
		if filepath.Dir(file) != mount || !slices.Contains(items, filepath.Base(file)) {
			complain("nothing is mounted at %s", file)
		}
	}
}

// checkPaths: probes ask what there is to ask, and the balancer asks whether a server is ready.
func (d deployment) checkPaths(complain func(string, ...any)) {
	paths := append(d.all("deploy/kubernetes.yaml", `^ +path: (/\S+)$`), d.all("deploy/haproxy.cfg", `option httpchk GET (\S+)`)...)
	for _, path := range paths {
		if !strings.Contains(d["api/openapi.yaml"], "\n  "+path+":\n") {
			complain("the API has no path %s", path)
		}
	}
	if len(paths) != 4 || d.one("deploy/haproxy.cfg", `option httpchk GET (\S+)`) != "/readyz" ||
		d.one("deploy/kubernetes.yaml", `readinessProbe:\n +httpGet:\n +path: (\S+)`) != "/readyz" {
		complain("the probes are %v", paths)
	}
}

// checkPorts: who connects knows where the server listens.
func (d deployment) checkPorts(compose, cluster config.Config, complain func(string, ...any)) {
	port := func(address string) string { _, port, _ := net.SplitHostPort(address); return port }
	listens := port(compose.Listen)
	for name, expression := range map[string]string{
		"deploy/haproxy.cfg": `orgd\d:(\d+)`, "deploy/Dockerfile": `^EXPOSE (\d+)$`,
	} {
		if got := d.all(name, expression); len(got) == 0 || slices.ContainsFunc(got, func(p string) bool { return p != listens }) {
			complain("%s: ports %v, and the server listens at %s", name, got, listens)
		}
	}
	if got := d.one("deploy/Dockerfile", `ORGD_LISTEN=\S+:(\d+)`); got != listens {
		complain("the image listens at %s", got)
	}
	got := d.all("deploy/kubernetes.yaml", `containerPort: (\d+)`)
	if want := []string{port(cluster.Listen), port(cluster.MetricsListen)}; !slices.Equal(got, want) {
		complain("deploy/kubernetes.yaml: ports %v, want %v", got, want)
	}
	balancer := d.one("deploy/docker-compose.yaml", `ipv4_address: (\S+)`)
	if len(compose.TrustedProxies) != 1 || compose.TrustedProxies[0].String() != balancer+"/32" {
		complain("the balancer is %s, trusted are %v", balancer, compose.TrustedProxies)
	}
}

// checkPatience: a server that is told to end is given the time that it may need.
func (d deployment) checkPatience(loaded map[string]config.Config, complain func(string, ...any)) {
	for name, expression := range map[string]string{
		"deploy/docker-compose.yaml": `^  stop_grace_period: (\d+)s\n  read_only`,
		"deploy/kubernetes.yaml":     `terminationGracePeriodSeconds: (\d+)`,
		"deploy/orgd.service":        `^TimeoutStopSec=(\d+)$`,
	} {
		given, _ := strconv.Atoi(d.one(name, expression))
		pause, _ := strconv.Atoi(d.one(name, `sleep:\n +seconds: (\d+)`))
		needed := time.Duration(pause)*time.Second + httpapi.LongestRequest(loaded[name].RequestTimeout) + goodbye
		if time.Duration(given)*time.Second < needed {
			complain("%s: %d s to end in, and it may take %s", name, given, needed)
		}
	}
}

// The files for deployments agree with the program and with each other.
func TestDeployment(t *testing.T) {
	for _, wrong := range readDeployment(t).complaints() {
		t.Error(wrong)
	}
}

// The test above finds what it is meant to find.
func TestDeploymentIsChecked(t *testing.T) {
	for _, c := range []struct{ file, is, becomes, says string }{
		{"deploy/docker-compose.yaml", "ORGD_KEY_FILE:", "ORGD_KEYFILE:", "no setting ORGD_KEYFILE"},
		{"deploy/kubernetes.yaml", "ORGD_BEHIND_TLS", "ORGD_BEHIND_TSL", "no setting ORGD_BEHIND_TSL"},
		{"docs/deploy.md", "`ORGD_LEASE`", "`ORGD_LEASES`", "no setting ORGD_LEASES"},
		{"deploy/orgd.service", "ORGD_KEY_FILE=", "ORGD_KEY_FILE_FILE=", "no setting ORGD_KEY_FILE_FILE"},
		{"deploy/kubernetes.yaml", `value: "1"`, `value: "yes"`, "ORGD_BEHIND_TLS"},
		{"deploy/orgd.service", "sqlite:/", "sqlite3:/", "ORGD_STORE"},
		{"deploy/docker-compose.yaml", "haproxy:3.0.8-alpine", "haproxy:latest", "haproxy:latest has no version"},
		{"deploy/docker-compose.yaml", "mongo:8.0.12", "mongo", "mongo has no version"},
		{"deploy/Dockerfile", "@sha256:afa5", "@sha256:", "has no version"},
		{"deploy/Dockerfile", "golang:1.", "golang:2.", "another Go"},
		{"deploy/kubernetes.yaml", "orgd:0.1.0", "orgd:0.2.0", "image of orgd differs"},
		{"deploy/secrets.sh", "make orgd-key", "make orgd-keys", "nobody makes the secret orgd-key"},
		{"deploy/mongo-init.js", `secret("mongo-root-password")`, `secret("mongo-root")`, "nobody makes the secret mongo-root"},
		{"deploy/kubernetes.yaml", "path: key", "path: keys", "nothing is mounted at /run/secrets/orgd/key"},
		{"deploy/kubernetes.yaml", "path: /readyz", "path: /ready", "no path /ready"},
		{"deploy/haproxy.cfg", "GET /readyz", "GET /healthz", "the probes are"},
		{"deploy/haproxy.cfg", "orgd2:8000", "orgd2:8001", "the server listens at 8000"},
		{"deploy/Dockerfile", "EXPOSE 8000", "EXPOSE 80", "the server listens at 8000"},
		{"deploy/Dockerfile", "0.0.0.0:8000", "0.0.0.0:80", "the image listens at 80"},
		{"deploy/kubernetes.yaml", "containerPort: 9090", "containerPort: 9091", "want [8000 9090]"},
		{"deploy/docker-compose.yaml", "ipv4_address: 172.30.80.10", "ipv4_address: 172.30.80.11", "trusted are"},
		{"deploy/docker-compose.yaml", "stop_grace_period: 40s", "stop_grace_period: 20s", "20 s to end in"},
		{"deploy/kubernetes.yaml", "seconds: 5", "seconds: 25", "45 s to end in"},
		{"deploy/orgd.service", "TimeoutStopSec=40", "TimeoutStopSec=4", "4 s to end in"},
	} {
		d := readDeployment(t)
		if !strings.Contains(d[c.file], c.is) {
			t.Errorf("%s does not say %q any more", c.file, c.is)
		}
		d[c.file] = strings.ReplaceAll(d[c.file], c.is, c.becomes)
		if wrong := strings.Join(d.complaints(), "\n"); !strings.Contains(wrong, c.says) {
			t.Errorf("%s with %q is told %q, want %q", c.file, c.becomes, wrong, c.says)
		}
	}
}
