package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"

	"github.com/joho/godotenv"
)

// Sources are the places that values come from.
type Sources struct {
	// Flags are the flags that were given, by the variable's name.
	Flags map[string]string
	// Environ is the environment in the form of os.Environ.
	Environ []string
	// DotEnv is the path of the .env file; one that does not exist is empty.
	DotEnv string
}

// Value is what is in force for one setting.
type Value struct {
	Setting Setting
	// Text is the value as it was written, without its secret part; empty where nothing is set.
	Text string
	// Source says where it came from: "flag --listen", "environment", ".env", "file PATH" or "default".
	Source string
}

// Loaded is the outcome of [Load].
type Loaded struct {
	Config Config
	// Values are in the order of the table.
	Values []Value
	// Warnings are sentences about variables that mean nothing to orgd.
	Warnings []string
}

// Load reads every setting, and holds them to the rules of a server. The error is one line that names the setting, its rule and
// where the value came from.
func Load(sources Sources) (Loaded, error) {
	loaded, err := LoadApart(sources)
	if err == nil {
		err = check(&loaded)
	}
	if err != nil {
		return Loaded{}, err
	}
	return loaded, nil
}

// LoadApart is [Load] for who only asks a server, and may know some of its settings alone: each is checked by itself, and none
// against another.
func LoadApart(sources Sources) (Loaded, error) {
	env := environment(sources.Environ)
	dotEnv, err := readDotEnv(sources.DotEnv)
	if err != nil {
		return Loaded{}, err
	}
	var loaded Loaded
	for _, s := range settings {
		text, source, err := s.find(sources.Flags, env, dotEnv)
		if err != nil {
			return Loaded{}, err
		}
		if err := s.apply(&loaded.Config, text, source); err != nil {
			return Loaded{}, err
		}
		loaded.Values = append(loaded.Values, Value{Setting: s, Text: s.mask(text), Source: source})
	}
	loaded.Warnings = append(unknown(env, "the environment"), unknown(dotEnv, ".env")...)
	return loaded, nil
}

// environment keeps orgd's own variables.
func environment(environ []string) map[string]string {
	env := map[string]string{}
	for _, line := range environ {
		if name, value, found := strings.Cut(line, "="); found && strings.HasPrefix(name, prefix) {
			env[name] = value
		}
	}
	return env
}

// readDotEnv reads the file. Its parser's errors quote lines, which may hold a secret, so they are not passed on.
func readDotEnv(name string) (map[string]string, error) {
	text, err := os.ReadFile(name)
	if name == "" || errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("cannot read %s: %w", name, cause(err))
	}
	values, err := godotenv.UnmarshalBytes(text)
	if err != nil {
		return nil, fmt.Errorf("%s is not a file of NAME=value lines", name)
	}
	return values, nil
}

// cause returns what the system said, without the path that the caller names anyway.
func cause(err error) error {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		return p.Err
	}
	return err
}

// find returns the first text that is not empty, and where it came from.
func (s Setting) find(flags, env, dotEnv map[string]string) (text, source string, err error) {
	if text = flags[s.Env]; text != "" {
		source = "flag --" + s.Flag()
		if s.mask(text) != text {
			return "", "", fmt.Errorf("%s (%s) holds a password, which others see in the list of processes; set %s or %s_FILE instead",
				s.Env, source, s.Env, s.Env)
		}
		return text, source, nil
	}
	for _, from := range []struct {
		name   string
		values map[string]string
	}{{"environment", env}, {".env", dotEnv}} {
		text, source, err = s.findIn(from.values, from.name)
		if text != "" || err != nil {
			return text, source, err
		}
	}
	return s.Default, "default", nil
}

// findIn looks at the variable and, for a secret, at the file that the variable with _FILE names.
func (s Setting) findIn(values map[string]string, name string) (text, source string, err error) {
	text = values[s.Env]
	file := ""
	if s.Secret {
		file = values[s.Env+"_FILE"]
	}
	switch {
	case file == "":
		return text, name, nil
	case text != "":
		return "", "", fmt.Errorf("%s and %s_FILE are both set (%s); keep one", s.Env, s.Env, name)
	}
	content, err := os.ReadFile(file)
	if err != nil {
		return "", "", fmt.Errorf("%s_FILE (%s): cannot read %s: %w", s.Env, name, file, cause(err))
	}
	text = strings.TrimRight(string(content), "\r\n")
	if text == "" {
		return "", "", fmt.Errorf("%s_FILE (%s): %s is empty", s.Env, name, file)
	}
	return text, "file " + file, nil
}

// apply parses the text into its field. No text leaves the field zero.
func (s Setting) apply(c *Config, text, source string) error {
	if text == "" {
		return nil
	}
	err := s.parse(c, text)
	switch {
	case err == nil:
		return nil
	case !errors.Is(err, errRule):
		return fmt.Errorf("%s (%s) %w", s.Env, source, err)
	case s.Secret:
		return fmt.Errorf("%s (%s) must be %s", s.Env, source, s.Rule)
	default:
		return fmt.Errorf("%s (%s) must be %s, and is %q", s.Env, source, s.Rule, clip(text))
	}
}

// clip bounds what an error repeats.
func clip(text string) string {
	const most = 100
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// mask hides what of a value nobody may see.
func (s Setting) mask(text string) string {
	if !s.Secret {
		return text
	}
	return maskURI(text)
}

// testPrefix begins variables that the project's own tests read.
const testPrefix = prefix + "TEST_"

// unknown returns a warning for each variable that the table does not name.
func unknown(values map[string]string, where string) []string {
	var warnings []string
	for name := range values {
		if strings.HasPrefix(name, prefix) && !strings.HasPrefix(name, testPrefix) && !known(name) {
			warnings = append(warnings, fmt.Sprintf("%s in %s is not a setting of this version of orgd", name, where))
		}
	}
	slices.Sort(warnings)
	return warnings
}

func known(name string) bool {
	for _, o := range others {
		if name == o.Env || name == o.Env+"_FILE" {
			return true
		}
	}
	return slices.ContainsFunc(settings, func(s Setting) bool {
		return name == s.Env || s.Secret && name == s.Env+"_FILE"
	})
}
