package main

import (
	"fmt"
	"text/tabwriter"
)

// configCommand shows the settings in force.
type configCommand struct{}

// Help teaches the command.
func (configCommand) Help() string {
	return `Passwords in values are shown as ***. Only settings are checked, not whether files or addresses exist.

Examples:

    orgd config
    ORGD_LISTEN=:8080 ORGD_BEHIND_TLS=1 orgd config --log-format json`
}

// Run prints one line for each setting.
func (configCommand) Run(p *process) error {
	loaded, err := p.config()
	if err != nil {
		return err
	}
	for _, warning := range loaded.Warnings {
		_, _ = fmt.Fprintln(p.stderr, "orgd: warning:", warning)
	}
	table := tabwriter.NewWriter(p.stdout, 0, 0, 2, ' ', 0)
	for _, v := range loaded.Values {
		text := v.Text
		if text == "" {
			text = "-"
		}
		_, _ = fmt.Fprintf(table, "%s\t%s\t%s\n", v.Setting.Env, text, v.Source)
	}
	return table.Flush()
}
