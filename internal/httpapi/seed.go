package httpapi

import (
	"context"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// The routes of the seed service, which its clients expect exactly as they are: an organization is named by its name, and
// who may know that it exists hears 403 where /v1 says 404. POST /org/create is createOrganization, POST /admin/login is
// adminLogin.

type byNameInput struct {
	Name string `query:"organization_name" required:"true" doc:"The name, in any case and spacing." example:"Acme Corp"`
}

func (s *Server) getByName(ctx context.Context, caller access.Caller, in *byNameInput) (*organizationOutput, error) {
	org, err := s.deps.Orgs.Lookup(ctx, caller, in.Name)
	if err != nil {
		return nil, err
	}
	return s.show(ctx, caller, org)
}

type updateByNameInput struct {
	IfMatch string `header:"If-Match" doc:"The ETag that must be current. The version alone, in quotes, demands no more than the version."`
	Body    api.UpdateOrganization
}

func (s *Server) updateByName(ctx context.Context, caller access.Caller, in *updateByNameInput) (*organizationOutput, error) {
	tag, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	// Clients often send the name that they want in organization_name, so the refusal says where that belongs.
	org, err := s.named(ctx, caller, in.Body.Name, "body.organization_name")
	if tenant.IsCode(err, tenant.CodeNotFound) {
		return nil, tenant.Errorf(tenant.CodeNotFound,
			"there is no such organization; organization_name is its name now, and a next name goes into new_organization_name")
	}
	if err != nil {
		return nil, err
	}
	if err := s.matching(ctx, caller, org, tag); err != nil {
		return nil, err
	}
	updated, err := s.deps.Orgs.Update(ctx, caller, org.ID, orgs.Change{
		Name: in.Body.NewName, Email: in.Body.Email, Password: in.Body.Password, CurrentPassword: in.Body.CurrentPassword,
		IfVersion: tag.version, IfOwner: tag.mark,
	})
	if err != nil {
		return nil, stranger(caller, org, err)
	}
	return s.show(ctx, caller, &updated)
}

type deleteByNameInput struct {
	Name    string `query:"organization_name" doc:"The name as it is now; it may stand in the body instead." example:"Acme Corp"`
	IfMatch string `header:"If-Match" doc:"The ETag that must be current, or the version alone, in quotes. Operators need it."`
	Body    *api.DeleteOrganization
}

type messageOutput struct{ Body api.Message }

func (s *Server) deleteByName(ctx context.Context, caller access.Caller, in *deleteByNameInput) (*messageOutput, error) {
	name, location, err := in.name()
	if err != nil {
		return nil, err
	}
	tag, err := deletable(caller, false, in.IfMatch)
	if err != nil {
		return nil, err
	}
	org, err := s.named(ctx, caller, name, location)
	if err != nil {
		return nil, err
	}
	if err := s.matching(ctx, caller, org, tag); err != nil {
		return nil, err
	}
	if err := s.deps.Orgs.Delete(ctx, caller, org.ID, tag.version); err != nil {
		return nil, stranger(caller, org, err)
	}
	return &messageOutput{Body: api.Message{Message: "the organization was deleted"}}, nil
}

// name returns the name of the query or the body, and where it stands. Both may be given if they mean the same.
func (in *deleteByNameInput) name() (name, location string, err error) {
	switch {
	case in.Body == nil || in.Body.Name == nil:
		if in.Name == "" {
			return "", "", tenant.Invalid("query.organization_name", "required", "organization_name is missing: say which organization to delete")
		}
		return in.Name, "query.organization_name", nil
	case in.Name == "":
		return *in.Body.Name, "body.organization_name", nil
	}
	query, queryErr := tenant.ParseName("query.organization_name", in.Name)
	body, bodyErr := tenant.ParseName("body.organization_name", *in.Body.Name)
	if queryErr == nil && bodyErr == nil && query.Key() == body.Key() {
		return in.Name, "query.organization_name", nil
	}
	return "", "", tenant.Invalid("body.organization_name", "contradiction", "query and body name different organizations")
}

// named looks an organization up for a change; location is where its name stands.
func (s *Server) named(ctx context.Context, caller access.Caller, name, location string) (*tenant.Organization, error) {
	org, err := s.deps.Orgs.Lookup(ctx, caller, name)
	return org, relocate(err, "query.organization_name", location)
}

// stranger turns the refusal of an act on another organization into 403: the caller has just looked it up, so that it
// exists is no secret.
func stranger(caller access.Caller, org *tenant.Organization, err error) error {
	if caller.Kind == tenant.ActorMember && caller.Org != org.ID && tenant.IsCode(err, tenant.CodeNotFound) {
		return tenant.Errorf(tenant.CodeForbidden, "this is another organization than the one that you are signed in to")
	}
	return err
}
