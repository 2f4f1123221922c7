package passwords_test

import (
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/orgd/orgd/internal/passwords"
)

var (
	strict = passwords.Policy{CheckCommon: true}
	acme   = passwords.Context{Product: "orgd", OrganizationName: "Acme Corp 24", EmailLocalPart: "jane.doe"}
)

// ruleOf returns the rule that password breaks, or "".
func ruleOf(t *testing.T, p passwords.Policy, password string) passwords.Rule {
	t.Helper()
	err := p.Check(password, acme)
	if err == nil {
		return ""
	}
	var refused *passwords.PolicyError
	if !errors.As(err, &refused) || refused.Reason == "" || err.Error() != refused.Reason {
		t.Fatalf("%q: %#v is no *PolicyError with a reason", password, err)
	}
	return refused.Rule
}

func TestPolicy(t *testing.T) {
	for password, want := range map[string]passwords.Rule{
		"":                              passwords.RuleEmpty,
		"1234567":                       passwords.RuleTooShort,
		"éééé":                          passwords.RuleTooShort, // 8 bytes, 4 characters
		"correct horse battery staple":  "",
		"éééééééé":                      "",
		"good\xffbytes":                 "",
		"kq\u0301 exact, no NFC":        "",
		strings.Repeat("Zk", 36):        "",
		strings.Repeat("Zk", 36) + "Z":  passwords.RuleTooLong,
		strings.Repeat("é", 37):         passwords.RuleTooLong,
		"abcdefgh\x00ijk":               passwords.RuleNUL,
		strings.Repeat("\x00", 100):     passwords.RuleNUL,
		"password":                      passwords.RuleCommon,
		"password123":                   passwords.RuleCommon,
		"PassWord123":                   passwords.RuleCommon,
		"12345678":                      passwords.RuleCommon,
		"orgd1234":                      passwords.RuleProduct,
		"O R G D !!!!":                  passwords.RuleProduct,
		"acmecorp24":                    passwords.RuleOrganization,
		"Acme Corp 24":                  passwords.RuleOrganization,
		"ACME CORP":                     passwords.RuleOrganization,
		"Acme\u00a0Corp2025!?":          passwords.RuleOrganization,
		"jane.doe":                      passwords.RuleEmail,
		"Jane.Doe1!":                    passwords.RuleEmail,
		"orgdorgd":                      passwords.RuleProduct,
		"orgd orgd orgd 7":              passwords.RuleProduct,
		"Acme-Corp!":                    passwords.RuleOrganization,
		"acme_corp_2026":                passwords.RuleOrganization,
		"acmecorp acmecorp":             passwords.RuleOrganization,
		"acmecorpacme":                  "",
		"jane_doe":                      passwords.RuleEmail,
		"janedoe2026":                   passwords.RuleEmail,
		"janedoe & janedoe":             passwords.RuleEmail,
		"jane.doe likes orgd":           "",
		"1jane.doe":                     "",
		"acme corp and its staple food": "",
	} {
		if got := ruleOf(t, strict, password); got != want {
			t.Errorf("%q: breaks %q, want %q", password, got, want)
		}
	}
}

func TestCommonPasswordTellsTheWayOut(t *testing.T) {
	err := strict.Check("password123", acme)
	if err == nil || !strings.Contains(err.Error(), "commonest") || !strings.Contains(err.Error(), "ORGD_PASSWORD_CHECK=off") {
		t.Errorf("got %v", err)
	}
}

func TestCheckCanBeSwitchedOff(t *testing.T) {
	off := passwords.Policy{}
	for password, want := range map[string]passwords.Rule{
		"password123":            "",
		"jane.doe":               "",
		"short":                  passwords.RuleTooShort,
		"abcdefgh\x00":           passwords.RuleNUL,
		strings.Repeat("ab", 37): passwords.RuleTooLong,
	} {
		if got := ruleOf(t, off, password); got != want {
			t.Errorf("%q: breaks %q, want %q", password, got, want)
		}
	}
}

func TestMinIsSettable(t *testing.T) {
	long := passwords.Policy{Min: 15}
	if got := ruleOf(t, long, "fourteen chars"); got != passwords.RuleTooShort {
		t.Errorf("14 characters: breaks %q", got)
	}
	if err := long.Check("fourteen chars", acme); !strings.Contains(err.Error(), "15 characters") {
		t.Errorf("the reason must tell the number: %v", err)
	}
	if got := ruleOf(t, long, "fifteen chars.."); got != "" {
		t.Errorf("15 characters: breaks %q", got)
	}
}

// TestEmptyContext: a word that is not known, or has no letters, forbids nothing.
func TestEmptyContext(t *testing.T) {
	for _, c := range []passwords.Context{{}, {Product: " ", OrganizationName: "2024", EmailLocalPart: "..."}} {
		for _, password := range []string{"7391 8264!", "q7391 8264!", "          "} {
			if err := strict.Check(password, c); err != nil {
				t.Errorf("%q with %+v: %v", password, c, err)
			}
		}
	}
	if err := strict.Check("2024 2024", passwords.Context{OrganizationName: "20242024"}); err == nil {
		t.Error("the organization's name in digits must be refused")
	}
}

func TestErrorsHoldNoPassword(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		password := rapid.StringMatching(`[G-Z]{4,80}\x00?`).Draw(t, "password")
		for _, c := range []passwords.Context{{OrganizationName: password}, {}} {
			err := passwords.Policy{Min: 20, CheckCommon: true}.Check(password, c)
			if err != nil && strings.Contains(err.Error(), password) {
				t.Fatalf("%q: %v", password, err)
			}
		}
	})
}
