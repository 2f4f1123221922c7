// Package passwords owns the rules for passwords and the bounded, fair pool that hashes them.
//
// It is for the operations that set or check a password, and knows neither store nor HTTP. [Policy] says which new
// passwords are good enough; [Pool] is the only place where bcrypt runs. The invariants: a password is its exact
// bytes, never normalised and never cut; every hash and every comparison is preceded by one check that bcrypt can
// tell this password from all others; and no error of this package holds a password or a hash.
package passwords

import "strings"

// MaxBytes is the longest password that bcrypt tells from others: it ignores what follows.
const MaxBytes = 72

// usable returns a [*PolicyError] for passwords that bcrypt cannot hash or would confuse with others. Go's
// implementation compares 80 bytes against a hash of the first 72 with success, and "abc\0abc" against one of "abc",
// since it repeats the password with a NUL after it.
func usable(password string) error {
	switch {
	case password == "":
		return &PolicyError{Rule: RuleEmpty, Reason: "the password is empty"}
	case strings.IndexByte(password, 0) >= 0:
		return &PolicyError{Rule: RuleNUL, Reason: "the password contains a NUL character"}
	case len(password) > MaxBytes:
		return &PolicyError{
			Rule:   RuleTooLong,
			Reason: "the password is longer than 72 bytes, more than bcrypt can hash; letters beyond ASCII count as two to four",
		}
	}
	return nil
}
