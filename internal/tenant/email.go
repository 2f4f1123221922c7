package tenant

import (
	"strings"

	"golang.org/x/net/idna"
)

// MaxEmailLength is the longest address in bytes (RFC 5321 section 4.5.3.1.3, less the angle brackets).
const MaxEmailLength = 254

// Email is an address that a person signs in with: a bare addr-spec of ASCII, lower-cased, its domain as IDNA A-labels.
// Two values are the same address if and only if their bytes are equal; plus tags and dots are not folded.
type Email string

// idnaProfile is the lookup profile of UTS 46 with the strict length rules of the DNS.
var idnaProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.VerifyDNSLength(true), idna.StrictDomainName(true))

// ParseEmail is the only constructor of addresses (a rule against two spellings of one account). It refuses quotes,
// comments, display names, address literals, domains without a dot and more than 254 bytes with CodeInvalid.
func ParseEmail(location, s string) (Email, error) {
	invalid := func(why string) (Email, error) { return "", Invalid(location, "email", why) }
	at := strings.LastIndexByte(s, '@')
	if at < 1 || len(s) > 4*MaxEmailLength {
		return invalid("an e-mail address has the form name@example.com")
	}
	local, domain := s[:at], s[at+1:]
	if len(local) > 64 || !isDotAtom(local) {
		return invalid("the part of an e-mail address before the @ has 1 to 64 ASCII letters, digits and signs, without quotes or spaces")
	}
	ascii, ok := asciiDomain(domain)
	if !ok {
		return invalid("the part of an e-mail address after the @ is a domain such as example.com")
	}
	address := strings.ToLower(local + "@" + ascii)
	if len(address) > MaxEmailLength {
		return invalid("an e-mail address has at most 254 bytes")
	}
	return Email(address), nil
}

// asciiDomain returns the domain in the one form that reads back to itself; some texts map to labels that the same profile
// refuses. The last label has a letter, so that no IPv4 address passes (RFC 3696 section 2).
func asciiDomain(domain string) (string, bool) {
	ascii, err := idnaProfile.ToASCII(domain)
	if err != nil || strings.HasSuffix(ascii, ".") {
		return "", false
	}
	again, err := idnaProfile.ToASCII(ascii)
	dot := strings.LastIndexByte(ascii, '.')
	return ascii, err == nil && again == ascii && dot > 0 && strings.Trim(ascii[dot+1:], "0123456789") != ""
}

// LocalPart returns what stands before the @.
func (e Email) LocalPart() string {
	local, _, _ := strings.Cut(string(e), "@")
	return local
}

// isDotAtom reports the dot-atom of RFC 5322 section 3.2.3.
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" {
			return false
		}
		for i := range len(atom) {
			if !isAtomText(atom[i]) {
				return false
			}
		}
	}
	return true
}

func isAtomText(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || strings.IndexByte("!#$%&'*+-/=?^_`{|}~", c) >= 0
}
