package main

import (
	"encoding/json"
	"io"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"

	"github.com/orgd/orgd/internal/config"
)

// parsed reads a command line as run does.
func parsed(t *testing.T, args ...string) (*process, *kong.Context) {
	t.Helper()
	p := &process{args: args, stdout: io.Discard, stderr: io.Discard}
	command, err := parse(p)
	if err != nil {
		t.Fatalf("%q: %v", args, err)
	}
	return p, command
}

// leaves returns every command by its name.
func leaves(t *testing.T) map[string]*kong.Node {
	t.Helper()
	_, command := parsed(t, "version")
	all := map[string]*kong.Node{}
	for _, node := range command.Model.Leaves(false) {
		all[commandName(node)] = node
	}
	return all
}

func TestEverySettingIsAFlag(t *testing.T) {
	t.Parallel()
	for _, s := range config.Settings() {
		p, _ := parsed(t, "config", "--"+s.Flag()+"=some text")
		if got := p.settings[s.Env]; got != "some text" || len(p.settings) != 1 {
			t.Errorf("--%s gives %q", s.Flag(), p.settings)
		}
		p, _ = parsed(t, "--"+s.Flag()+"=", "config")
		if len(p.settings) != 0 {
			t.Errorf("an empty --%s gives %q", s.Flag(), p.settings)
		}
	}
}

func TestServingIsWhatOrgdDoesByItself(t *testing.T) {
	t.Parallel()
	for _, args := range [][]string{{}, {"serve"}, {"--listen", "127.0.0.1:1"}, {"serve", "--listen", "127.0.0.1:1"}} {
		if _, command := parsed(t, args...); command.Command() != "serve" {
			t.Errorf("%q runs %q", args, command.Command())
		}
	}
}

func TestHelpNamesFlagsAndCommandsThatExist(t *testing.T) {
	t.Parallel()
	commands := leaves(t)
	for name, flags := range settingsOf {
		if commands[name] == nil {
			t.Errorf("there is no command %q", name)
		}
		for _, flag := range flags {
			if !slices.ContainsFunc(config.Settings(), func(s config.Setting) bool { return s.Flag() == flag }) {
				t.Errorf("%s: there is no setting --%s", name, flag)
			}
		}
	}
}

// TestEveryActIsACommand compares the two tables, and sends each act through JSON as its way to a server does.
func TestEveryActIsACommand(t *testing.T) {
	t.Parallel()
	commands := leaves(t)
	for name, begin := range acts {
		node := commands[name]
		if node == nil || node.Target.Addr().Type() != reflect.TypeOf(begin()) {
			t.Errorf("%q is not the command of that name", name)
			continue
		}
		sent, received := begin(), begin()
		fill(reflect.ValueOf(sent).Elem())
		text, err := json.Marshal(sent)
		if err == nil {
			err = json.Unmarshal(text, received)
		}
		if err != nil || !reflect.DeepEqual(sent, received) {
			t.Errorf("%q arrives as %+v, %v, and was sent as %+v", name, received, err, sent)
		}
		if strings.Contains(string(text), `"F`) {
			t.Errorf("%q sends a field without a name of its own: %s", name, text)
		}
	}
	for name, node := range commands {
		if _, is := reflect.TypeAssert[act](node.Target.Addr()); is != (acts[name] != nil) {
			t.Errorf("%q is an act and not in the table, or the other way round", name)
		}
	}
}

// fill sets every field to something.
func fill(v reflect.Value) {
	text := "some text"
	for _, field := range v.Fields() {
		switch field.Kind() {
		case reflect.String:
			field.SetString(text)
		case reflect.Bool:
			field.SetBool(true)
		case reflect.Pointer:
			field.Set(reflect.ValueOf(&text))
		default:
			panic("a kind of field that this test does not know: " + field.Kind().String())
		}
	}
}
