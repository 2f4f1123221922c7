package main

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/alecthomas/kong"

	"github.com/orgd/orgd/internal/config"
)

// settingFlags are the flags that kong makes of the table of settings: a struct with one field each, since kong takes
// flags from structs alone.
type settingFlags struct {
	settings []config.Setting
	values   reflect.Value // of the struct
}

// switchText is the text of a flag that means 1 where it stands alone.
type switchText string

// Decode takes the value after "=", if there is one.
func (s *switchText) Decode(ctx *kong.DecodeContext) error {
	if ctx.Scan.Peek().Type != kong.FlagValueToken {
		*s = "1"
		return nil
	}
	return ctx.Scan.PopValueInto("value", (*string)(s))
}

// IsBool tells kong that the flag needs no value.
func (s *switchText) IsBool() bool { return true }

func newSettingFlags(settings []config.Setting) settingFlags {
	fields := make([]reflect.StructField, len(settings))
	for i, s := range settings {
		kind := reflect.TypeFor[string]()
		if s.Switch {
			kind = reflect.TypeFor[switchText]()
		}
		fields[i] = reflect.StructField{Name: fmt.Sprintf("Setting%d", i), Type: kind, Tag: settingTag(s)}
	}
	return settingFlags{settings, reflect.New(reflect.StructOf(fields))}
}

func settingTag(s config.Setting) reflect.StructTag {
	words := strings.Split(s.Flag(), "-")
	placeholder := s.Default
	if placeholder == "" {
		placeholder = strings.ToUpper(words[len(words)-1])
	}
	var tag strings.Builder
	for _, part := range [][2]string{
		{"name", s.Flag()}, {"group", s.Group}, {"placeholder", placeholder}, {"help", s.Sentence() + " [" + s.Env + "]"},
	} {
		tag.WriteString(part[0] + ":" + strconv.Quote(part[1]) + " ")
	}
	return reflect.StructTag(tag.String())
}

// target returns the pointer to the struct.
func (f settingFlags) target() any { return f.values.Interface() }

// given returns the flags that were given, by variable.
func (f settingFlags) given() map[string]string {
	given := map[string]string{}
	for i, s := range f.settings {
		if text := f.values.Elem().Field(i).String(); text != "" {
			given[s.Env] = text
		}
	}
	return given
}

// sameStore are the flags by which a command finds the store that this process was given by flags.
func (p *process) sameStore() string {
	var flags strings.Builder
	for _, s := range config.Settings() {
		if text := p.settings[s.Env]; text != "" && slices.Contains([]string{"store", "database", "key-file"}, s.Flag()) {
			flags.WriteString(" --" + s.Flag() + " " + shellWord(text))
		}
	}
	return flags.String()
}

// shellWord quotes a text for a shell where it needs that.
func shellWord(text string) string {
	plain := func(r rune) bool {
		return r > '~' || strings.ContainsRune("-_./:,@%+=", r) || unicode.IsLetter(r) || unicode.IsDigit(r)
	}
	if strings.IndexFunc(text, func(r rune) bool { return !plain(r) }) < 0 {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}
