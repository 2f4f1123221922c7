package tokens

import (
	"errors"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// Audience is whom a token speaks to. A token has exactly one.
type Audience string

// The audiences.
const (
	// AudienceOrg is for what members of organizations do.
	AudienceOrg Audience = "orgd:org"
	// AudienceOperator is for running the installation; such a token names no organization.
	AudienceOperator Audience = "orgd:operator"
)

// Claims is what an access token says (RFC 9068 section 2.2, and what seed clients read). To authorize, take ids alone:
// names and roles are as they were at the sign-in, for clients to show. Times are whole seconds.
type Claims struct {
	// ID is the jti; Mint makes one where it is empty.
	ID       string
	Audience Audience
	// Subject is the id of the user, or of the operator with AudienceOperator.
	Subject   string
	Session   tenant.SessionID
	IssuedAt  time.Time
	NotBefore time.Time
	ExpiresAt time.Time
	// AuthTime is when a password was last entered.
	AuthTime time.Time
	// Org, OrgName and Role are set with AudienceOrg.
	Org     tenant.OrgID
	OrgName tenant.Name
	Role    tenant.Role
}

// wireClaims is the JSON text of Claims. Numbers are whole: a token of ours has no others.
type wireClaims struct {
	Issuer    string           `json:"iss"`
	Audience  Audience         `json:"aud"`
	Subject   string           `json:"sub"`
	ExpiresAt int64            `json:"exp"`
	IssuedAt  int64            `json:"iat"`
	NotBefore int64            `json:"nbf"`
	ID        string           `json:"jti"`
	Session   tenant.SessionID `json:"sid"`
	AuthTime  int64            `json:"auth_time"`
	// AdminID repeats the subject under the name that seed clients expect.
	AdminID string       `json:"admin_id,omitempty"`
	Org     tenant.OrgID `json:"org_id,omitempty"`
	OrgName tenant.Name  `json:"org_name,omitempty"`
	Role    tenant.Role  `json:"role,omitempty"`
}

func (c Claims) wire(issuer string) wireClaims {
	w := wireClaims{
		Issuer: issuer, Audience: c.Audience, Subject: c.Subject,
		ExpiresAt: c.ExpiresAt.Unix(), IssuedAt: c.IssuedAt.Unix(), NotBefore: c.NotBefore.Unix(),
		ID: c.ID, Session: c.Session, AuthTime: c.AuthTime.Unix(),
		Org: c.Org, OrgName: c.OrgName, Role: c.Role,
	}
	if c.Audience == AudienceOrg {
		w.AdminID = c.Subject
	}
	return w
}

func (w wireClaims) claims() Claims {
	return Claims{
		ID: w.ID, Audience: w.Audience, Subject: w.Subject, Session: w.Session,
		IssuedAt: seconds(w.IssuedAt), NotBefore: seconds(w.NotBefore), ExpiresAt: seconds(w.ExpiresAt),
		AuthTime: seconds(w.AuthTime), Org: w.Org, OrgName: w.OrgName, Role: w.Role,
	}
}

func seconds(s int64) time.Time { return time.Unix(s, 0).UTC() }

// check says what a token of ours cannot lack. It is applied to what is signed as well as to what was verified.
func (w wireClaims) check(issuer string) error {
	switch {
	case w.Issuer != issuer:
		return errors.New("the issuer is another one")
	case w.ID == "", w.Subject == "", w.Session == "":
		return errors.New("jti, sub or sid is missing")
	case w.ExpiresAt <= 0, w.IssuedAt <= 0, w.NotBefore <= 0, w.AuthTime <= 0:
		return errors.New("exp, iat, nbf or auth_time is missing")
	}
	switch w.Audience {
	case AudienceOrg:
		if w.Org == "" || w.AdminID != w.Subject || w.Role == "" {
			return errors.New("org_id, admin_id or role is missing")
		}
	case AudienceOperator:
		if w.Org != "" || w.AdminID != "" || w.Role != "" || w.OrgName != "" {
			return errors.New("an operator's token names an organization")
		}
	default:
		return errors.New("the audience is another one")
	}
	return nil
}

// Leeway is how far the clocks of servers may differ: by so much a token may seem to come from the future. It prolongs no
// token.
const Leeway = 30 * time.Second

// live reports why the token is not good at the time; nil if it is.
func (c Claims) live(now time.Time) error {
	switch {
	case !now.Before(c.ExpiresAt):
		return errors.New("the token has expired")
	case now.Add(Leeway).Before(c.NotBefore), now.Add(Leeway).Before(c.IssuedAt):
		return errors.New("the token is not good yet")
	default:
		return nil
	}
}
