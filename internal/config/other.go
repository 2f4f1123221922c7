package config

import (
	"errors"
	"fmt"
)

// Other is a store that one command takes beside ORGD_STORE. Since its URI may hold a password it is a secret: it is taken as a
// flag only without one, and otherwise from the variable, or from the file that the variable with _FILE names.
type Other struct {
	// Env is the variable, Flag the command's flag without dashes.
	Env, Flag string
}

// MigrateTo is where an installation is moved.
var MigrateTo = Other{Env: "ORGD_MIGRATE_TO", Flag: "to"}

// AdoptFrom is how a service reaches its database whose organizations are taken over.
var AdoptFrom = Other{Env: "ORGD_ADOPT_FROM", Flag: "from"}

// others are all of them, so that their variables are known.
var others = []Other{MigrateTo, AdoptFrom}

// ErrUnnamed begins the refusal of [Other.Load] where nothing names the store.
var ErrUnnamed = errors.New("name the store with")

// Load reads the store from the first of flag, environment and .env file that names one. The error is one line, without the
// secret part of a value.
func (o Other) Load(sources Sources, flag string) (Store, error) {
	found, err := o.LoadOr(sources, flag, Store{})
	if err == nil && found == (Store{}) {
		err = fmt.Errorf("%w --%s, or in %s or %s_FILE", ErrUnnamed, o.Flag, o.Env, o.Env)
	}
	return found, err
}

// LoadOr is Load for a store that need not be named.
func (o Other) LoadOr(sources Sources, flag string, unnamed Store) (Store, error) {
	dotEnv, err := readDotEnv(sources.DotEnv)
	if err != nil {
		return Store{}, err
	}
	var c Config
	s := setting(o.Env, "", "", store, func(c *Config) *Store { return &c.Store }).asSecret()
	s.flag = o.Flag
	text, source, err := s.find(map[string]string{o.Env: flag}, environment(sources.Environ), dotEnv)
	if err != nil {
		return Store{}, err
	}
	if text == "" {
		return unnamed, nil
	}
	err = s.apply(&c, text, source)
	return c.Store, err
}

// CheckDatabase refuses a text, given as the flag, that is no name for a MongoDB database of orgd's.
func CheckDatabase(flag, text string) error {
	_, err := database.parse(text)
	switch {
	case errors.Is(err, errRule):
		return fmt.Errorf("%s must be %s, and is %q", flag, database.rule, clip(text))
	case err != nil:
		return fmt.Errorf("%s %w", flag, err)
	default:
		return nil
	}
}
