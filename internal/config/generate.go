package config

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// The comments between which README.md holds the generated table.
const (
	TableBegin = "<!-- settings: made by go generate ./internal/config -->"
	TableEnd   = "<!-- end of settings -->"
)

// MarkdownTable returns the table for README.md, one row a setting.
func MarkdownTable() string {
	var b strings.Builder
	b.WriteString("| Variable | Default | Meaning |\n|---|---|---|\n")
	for _, s := range settings {
		text := ""
		if s.Default != "" {
			text = "`" + s.Default + "`"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s |\n", s.Env, text, strings.ReplaceAll(s.Sentence(), "|", `\|`))
	}
	return b.String()
}

// EnvExample returns the text of env.example: every setting with its default, commented out.
func EnvExample() string {
	var b strings.Builder
	b.WriteString(`# The settings of orgd with their defaults. Copy this file to .env in the working directory and take the # away
# from the lines that you change. Flags and environment variables win over the file; an empty value counts as not set.
# Made by go generate ./internal/config.
`)
	heading := ""
	for _, s := range settings {
		if s.Group != heading {
			heading = s.Group
			fmt.Fprintf(&b, "\n# --- %s ---\n", heading)
		}
		b.WriteString("\n")
		for _, line := range wrap(s.Sentence(), 118) {
			b.WriteString("# " + line + "\n")
		}
		fmt.Fprintf(&b, "#%s=%s\n", s.Env, s.Default)
	}
	return b.String()
}

// Sentence returns what the setting does and what its value is, as sentences.
func (s Setting) Sentence() string {
	first, size := utf8.DecodeRuneInString(s.Help)
	sentence := string(unicode.ToUpper(first)) + s.Help[size:] + ". Value: " + s.Rule + "."
	if s.Secret {
		sentence += " " + s.Env + "_FILE names a file that holds the value instead."
	}
	return sentence
}

// wrap breaks text into lines of at most width bytes where its words allow.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for word := range strings.FieldsSeq(text) {
		switch {
		case line == "":
			line = word
		case len(line)+1+len(word) > width:
			lines = append(lines, line)
			line = word
		default:
			line += " " + word
		}
	}
	return append(lines, line)
}
