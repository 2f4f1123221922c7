package passwords

import (
	_ "embed"
	"fmt"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// DefaultMin is the least length of a password in characters where [Policy.Min] is 0 (NIST SP 800-63B-4, section
// 3.1.1.2, for passwords beside a second factor; 15 is its advice where there is none).
const DefaultMin = 8

// Rule names which rule a password broke.
type Rule string

// The rules, in the order in which they are checked.
const (
	RuleEmpty        Rule = "empty"
	RuleNUL          Rule = "nul"
	RuleTooLong      Rule = "too_long"
	RuleTooShort     Rule = "too_short"
	RuleCommon       Rule = "common"
	RuleProduct      Rule = "product_name"
	RuleOrganization Rule = "organization_name"
	RuleEmail        Rule = "email"
)

// PolicyError says why a password is refused. It holds nothing of the password.
type PolicyError struct {
	Rule Rule
	// Reason is a sentence for the person who chose the password.
	Reason string
}

// Error returns the reason.
func (e *PolicyError) Error() string { return e.Reason }

// Policy decides which new passwords are good enough. It is never asked about a password at login: who has a weak one
// must still get in.
type Policy struct {
	// Min is the least number of characters (Unicode code points); 0 means [DefaultMin]. The list of common
	// passwords holds none shorter than DefaultMin, so a lower Min lets short common ones pass.
	Min int
	// CheckCommon refuses the commonest passwords and those made of names in the [Context]
	// (ORGD_PASSWORD_CHECK; OWASP ASVS 5.0, 6.2.4 and 6.2.11).
	CheckCommon bool
}

// Context holds the words that somebody who guesses knows. Empty ones are not checked.
type Context struct {
	Product          string
	OrganizationName string
	EmailLocalPart   string // what stands before the @
}

// Check returns nil if password is good enough, else a [*PolicyError].
func (p Policy) Check(password string, c Context) error {
	if err := usable(password); err != nil {
		return err
	}
	least := p.Min
	if least == 0 {
		least = DefaultMin
	}
	if utf8.RuneCountInString(password) < least {
		return &PolicyError{RuleTooShort, fmt.Sprintf("the password is shorter than %d characters", least)}
	}
	if !p.CheckCommon {
		return nil
	}
	if _, found := common()[strings.ToLower(password)]; found {
		return guessable(RuleCommon, "one of the commonest passwords, which are tried first")
	}
	switch {
	case madeOf(password, c.Product):
		return guessable(RuleProduct, "the name of this product")
	case madeOf(password, c.OrganizationName):
		return guessable(RuleOrganization, "the name of the organization")
	case madeOf(password, c.EmailLocalPart):
		return guessable(RuleEmail, "the first part of the e-mail address")
	}
	return nil
}

// guessable makes the error of the rules that can be switched off, and says how.
func guessable(rule Rule, what string) error {
	return &PolicyError{rule, "the password is " + what +
		"; choose another one (the operator can switch this check off with ORGD_PASSWORD_CHECK=off)"}
}

// madeOf reports whether password is word, once or several times, whatever the case, the spaces, the punctuation, and the
// digits at the end.
func madeOf(password, word string) bool {
	password, word = squeeze(password), squeeze(word)
	return repeats(password, word) || repeats(trimTail(password), trimTail(word))
}

// repeats reports whether s is word, once or several times.
func repeats(s, word string) bool {
	return word != "" && s != "" && strings.ReplaceAll(s, word, "") == ""
}

// squeeze leaves the letters and digits, in one case.
func squeeze(s string) string {
	return strings.ToLower(strings.Map(func(r rune) rune {
		if unicode.IsLetter(r) || unicode.IsNumber(r) || unicode.IsMark(r) {
			return r
		}
		return -1
	}, s))
}

func trimTail(s string) string {
	return strings.TrimRightFunc(s, unicode.IsNumber)
}

// commonText is the list of common passwords, lower-cased, one a line, commonest first; common.NOTICE names its
// source and licence.
//
//go:embed common.txt
var commonText string

var common = sync.OnceValue(func() map[string]struct{} {
	set := make(map[string]struct{}, strings.Count(commonText, "\n"))
	for word := range strings.Lines(commonText) {
		set[strings.TrimSuffix(word, "\n")] = struct{}{}
	}
	return set
})
