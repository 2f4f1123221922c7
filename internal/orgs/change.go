package orgs

import (
	"context"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/credentials"
	"github.com/orgd/orgd/internal/tenant"
)

// StepUpWindow is how old the entry of a password may be for a change of address or password without the current one
// (RFC 9470).
const StepUpWindow = 15 * time.Minute

// change is a Change that has been checked.
type change struct {
	name tenant.Name // "" keeps the name
	slug tenant.Slug
	args tenant.Arguments // User is "" where the person does not change
	// ifOwner above 0 is the version that the person's record must have.
	ifOwner int64
}

// parseChange checks all fields and the caller's right to each, makes sure that the person at the keyboard is the account's where
// the account changes, and hashes a new password.
func (s *Service) parseChange(ctx context.Context, caller access.Caller, org tenant.Organization, in Change) (change, error) {
	var all fields
	wanted := change{}
	if in.Name != nil {
		all.add(wanted.rename(org, *in.Name))
	}
	if in.Email == nil && in.Password == nil {
		return wanted, all.err()
	}
	if caller.User == "" || !org.IsOwner(caller.User) {
		return wanted, tenant.Errorf(tenant.CodeForbidden, "e-mail address and password here are your own as the organization's owner; you are not an owner")
	}
	user, err := s.Users.Get(ctx, caller.User)
	if err != nil {
		return wanted, err
	}
	next := user.Email
	if in.Email != nil {
		next, err = tenant.ParseEmail("body.email", *in.Email)
		all.add(err)
	}
	pc := passwordContext(wanted.nameOf(org), next)
	if in.Password != nil {
		all.add(s.Credentials.Acceptable("body.password", *in.Password, pc))
	}
	if err := all.err(); err != nil || next == user.Email && in.Password == nil {
		return wanted, err
	}
	wanted.args = tenant.Arguments{User: user.ID, KeepSession: caller.Session}
	if next != user.Email {
		wanted.args.Email = next
	}
	if user.ID == org.Owners[0] {
		wanted.ifOwner = in.IfOwner
	}
	if err := s.stepUp(ctx, caller, user, in.CurrentPassword); err != nil || in.Password == nil {
		return wanted, err
	}
	wanted.args.PasswordHash, err = s.hash(ctx, caller, *in.Password, pc)
	return wanted, err
}

// rename takes the next name, unless it is the present one to the letter.
func (c *change) rename(org tenant.Organization, in string) error {
	name, err := tenant.ParseName("body.new_organization_name", in)
	if err != nil || name == org.Name {
		return err
	}
	c.name = name
	c.slug, err = name.Slug("body.new_organization_name")
	return err
}

func (c *change) nameOf(org tenant.Organization) tenant.Name {
	if c.name != "" {
		return c.name
	}
	return org.Name
}

// stepUp asks for a password entered within [StepUpWindow], or now.
func (s *Service) stepUp(ctx context.Context, caller access.Caller, user tenant.User, current *string) error {
	if current == nil {
		if s.Now().Sub(caller.AuthTime) <= StepUpWindow {
			return nil
		}
		return tenant.Errorf(tenant.CodeStaleAuthentication,
			"changing the e-mail address or password needs a recent sign-in: sign in again, or send current_password")
	}
	return s.Credentials.Confirm(ctx, credentials.Attempt{
		Account: credentials.Member(user.ID), Prefix: caller.Prefix, Hash: user.PasswordHash, Password: *current,
	})
}

// named adds a name to the entry, in the form of every text of a client's: a name may have 800 bytes.
func named(entry tenant.AuditEntry, key string, name tenant.Name) tenant.AuditEntry {
	return entry.With(key, access.CleanClientText(string(name)))
}

// describe adds to the entry what changes, in words and never in secrets.
func (c change) describe(entry tenant.AuditEntry, org tenant.Organization) tenant.AuditEntry {
	if c.name != "" {
		entry = named(named(entry, "name", c.name), "former_name", org.Name)
	}
	if c.args.Email != "" {
		entry = entry.With("email", "changed")
	}
	if c.args.PasswordHash != "" {
		entry = entry.With("password", "changed")
	}
	if c.args.User != "" {
		entry.Target = string(c.args.User)
	}
	return entry
}
