package config

import "strings"

// Setting is one line of the table.
type Setting struct {
	// Env is the variable. The flag and, for a secret, the variable that names a file are made from it.
	Env string
	// Group is the heading under which it is listed.
	Group string
	// Default is the text that counts where nothing is set.
	Default string
	// Rule says what a value is, as the end of the sentence "X must be ...".
	Rule string
	// Help says what it does, with its unit and what zero or nothing means.
	Help string
	// Switch says that the flag alone, without a value, means 1.
	Switch bool
	// Secret says that values may hold a password: never told whole, and also read from the file that Env + "_FILE" names.
	Secret bool

	parse func(c *Config, text string) error
	// flag is the flag's name where it is not made of the variable's.
	flag string
}

// Flag returns the flag's name without dashes: "tls-cert" for ORGD_TLS_CERT.
func (s Setting) Flag() string {
	if s.flag != "" {
		return s.flag
	}
	return strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(s.Env, prefix), "_", "-"))
}

// prefix begins the name of every variable.
const prefix = "ORGD_"

// The headings of the table.
const (
	groupNetwork  = "Network"
	groupData     = "Data"
	groupAccounts = "Accounts and keys"
	groupInsight  = "Documentation, logs and metrics"
)

// Settings returns the table in its order.
func Settings() []Setting { return append([]Setting(nil), settings...) }

// setting makes a line whose value goes to one field.
func setting[T any](env, defaultText, help string, kind kind[T], field func(*Config) *T) Setting {
	return Setting{
		Env: env, Default: defaultText, Rule: kind.rule, Help: help,
		parse: func(c *Config, text string) error {
			value, err := kind.parse(text)
			if err == nil {
				*field(c) = value
			}
			return err
		},
	}
}

// group sets the heading of lines.
func group(heading string, lines ...Setting) []Setting {
	for i := range lines {
		lines[i].Group = heading
	}
	return lines
}

func (s Setting) asSwitch() Setting { s.Switch = true; return s }
func (s Setting) asSecret() Setting { s.Secret = true; return s }
