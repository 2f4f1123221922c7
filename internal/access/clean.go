package access

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxClientText is how many bytes of a string that a client chose reach the log and the audit log.
const MaxClientText = 256

// CleanClientText cuts a string that a client chose at [MaxClientText] bytes and drops control, format and invalid
// characters, so that it can neither forge a line nor turn the text around it.
func CleanClientText(s string) string {
	if isPlain(s) {
		return s
	}
	s = strings.Map(func(r rune) rune {
		if r == utf8.RuneError || unicode.Is(unicode.C, r) || unicode.Is(unicode.Zl, r) || unicode.Is(unicode.Zp, r) {
			return -1
		}
		return r
	}, s)
	for len(s) > MaxClientText {
		_, size := utf8.DecodeLastRuneInString(s)
		s = s[:len(s)-size]
	}
	return s
}

func isPlain(s string) bool {
	if len(s) > MaxClientText {
		return false
	}
	for i := range len(s) {
		if s[i] < 0x20 || s[i] > 0x7e {
			return false
		}
	}
	return true
}
