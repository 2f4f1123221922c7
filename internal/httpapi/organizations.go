package httpapi

import (
	"context"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/orgs"
	"github.com/orgd/orgd/internal/tenant"
)

// OrganizationPath names the organization of a path. It is exported because Huma looks into no other embedded types.
type OrganizationPath struct {
	Org string `path:"org" doc:"The organization's id or slug."`
}

type organizationOutput struct {
	Status int
	ETag   string `header:"ETag" doc:"What the organization is now, for If-Match and If-None-Match: its version, and that of the owner's account, which holds admin_email."`
	Body   api.Organization
}

type newOrganizationInput struct {
	Key  string `header:"Idempotency-Key" doc:"Makes repetitions of this request within 24 hours take effect once."`
	Body api.NewOrganization
}

type newOrganizationOutput struct {
	Location string `header:"Location" doc:"The path of the organization."`
	ETag     string `header:"ETag" doc:"What the organization is now, for If-Match and If-None-Match: its version, and that of the owner's account, which holds admin_email."`
	Body     api.Organization
}

// createOrganization serves both POST /v1/organizations and the seed's POST /org/create.
func (s *Server) createOrganization(ctx context.Context, caller access.Caller, in *newOrganizationInput) (*newOrganizationOutput, error) {
	wanted := orgs.NewOrganization{Name: in.Body.Name, Email: in.Body.Email, Password: in.Body.Password}
	var made tenant.Organization
	act := func(ctx context.Context, plan idempotency.Plan) (err error) {
		wanted.IDs = orgs.IDs{
			Org: tenant.OrgID(plan.ResourceID), Owner: tenant.UserID(plan.OwnerID), Entry: tenant.EntryID(plan.WriteID),
		}
		made, err = s.deps.Orgs.Create(ctx, caller, wanted)
		return err
	}
	plan, replayed, err := s.once(ctx, idempotency.Request{
		Caller: caller, Action: access.OrgCreate, Route: "create organization", Key: in.Key, Body: fingerprint(in.Body),
	}, act)
	if err == nil && replayed {
		made, err = s.madeBefore(ctx, caller, plan, act, &made)
	}
	if err != nil {
		return nil, err
	}
	return s.created(ctx, made, in.Body.Email)
}

// madeBefore finds the organization of a creation that is repeated. Where the caller may not look it up, because only its
// members may, the creation itself finds it under the planned ids.
func (s *Server) madeBefore(ctx context.Context, caller access.Caller, plan idempotency.Plan,
	act func(context.Context, idempotency.Plan) error, made *tenant.Organization,
) (tenant.Organization, error) {
	org, err := s.deps.Orgs.Resolve(ctx, caller, plan.ResourceID)
	if err == nil {
		return *org, nil
	}
	if tenant.IsCode(err, tenant.CodeUnauthenticated) || tenant.IsCode(err, tenant.CodeNotFound) {
		err = act(ctx, plan)
	}
	return *made, err
}

// created shows an organization to the one who made it, who knows its owner.
func (s *Server) created(ctx context.Context, org tenant.Organization, email string) (*newOrganizationOutput, error) {
	address, err := tenant.ParseEmail("body.email", email)
	if err != nil {
		return nil, err
	}
	tag := etag{version: org.Version, mark: s.deps.Orgs.OwnerVersion(ctx, &org, address)}
	out := &newOrganizationOutput{
		Location: "/v1/organizations/" + string(org.ID), ETag: tag.String(), Body: insideView(&org),
	}
	out.Body.AdminEmail = string(address)
	return out, nil
}

type getOrganizationInput struct {
	OrganizationPath
	IfNoneMatch string `header:"If-None-Match" doc:"Answers 304 if this is still the ETag."`
}

func (s *Server) getOrganization(ctx context.Context, caller access.Caller, in *getOrganizationInput) (*organizationOutput, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	out, err := s.show(ctx, caller, org)
	if err == nil && out.ETag != "" && unchanged(in.IfNoneMatch, out.ETag) {
		return &organizationOutput{Status: 304, ETag: out.ETag}, nil
	}
	return out, err
}

type changeOrganizationInput struct {
	OrganizationPath
	IfMatch string `header:"If-Match" doc:"The ETag that must be current. The version alone, in quotes, demands no more than the version."`
	Body    api.ChangeOrganization
}

func (s *Server) changeOrganization(ctx context.Context, caller access.Caller, in *changeOrganizationInput) (*organizationOutput, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	tag, err := ifMatch(in.IfMatch)
	if err == nil {
		err = s.matching(ctx, caller, org, tag)
	}
	if err != nil {
		return nil, err
	}
	updated, err := s.deps.Orgs.Update(ctx, caller, org.ID, orgs.Change{
		Name: in.Body.Name, Email: in.Body.Email, Password: in.Body.Password, CurrentPassword: in.Body.CurrentPassword,
		IfVersion: tag.version, IfOwner: tag.mark,
	})
	if err != nil {
		return nil, relocate(err, "body.new_organization_name", "body.organization_name")
	}
	return s.show(ctx, caller, &updated)
}

type deleteOrganizationInput struct {
	OrganizationPath
	IfMatch string `header:"If-Match" doc:"The ETag that must be current, or the version alone, in quotes. Operators need it unless they name an id."`
}

func (s *Server) deleteOrganization(ctx context.Context, caller access.Caller, in *deleteOrganizationInput) (*struct{}, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	tag, err := deletable(caller, in.Org == string(org.ID), in.IfMatch)
	if err == nil {
		err = s.matching(ctx, caller, org, tag)
	}
	if err != nil {
		return nil, err
	}
	return &struct{}{}, s.deps.Orgs.Delete(ctx, caller, org.ID, tag.version)
}

type restoreOrganizationInput struct {
	Org  string `path:"org" doc:"The organization's id; in the trash it has no slug."`
	Key  string `header:"Idempotency-Key" doc:"Makes repetitions of this request within 24 hours take effect once."`
	Body *api.RestoreOrganization
}

func (s *Server) restoreOrganization(ctx context.Context, caller access.Caller, in *restoreOrganizationInput) (*organizationOutput, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	var as orgs.RestoreAs
	if in.Body != nil {
		as = orgs.RestoreAs{Name: in.Body.Name, Email: in.Body.Email}
	}
	var restored tenant.Organization
	_, replayed, err := s.once(ctx, idempotency.Request{
		Caller: caller, Action: access.OrgRestore, Org: org.ID, Route: "restore " + string(org.ID), Key: in.Key, Body: fingerprint(in.Body),
	}, func(ctx context.Context, _ idempotency.Plan) (err error) {
		restored, err = s.deps.Orgs.Restore(ctx, caller, org.ID, as)
		return err
	})
	if err != nil {
		return nil, err
	}
	if replayed {
		restored = *org
	}
	return s.show(ctx, caller, &restored)
}

type listOrganizationsInput struct {
	Prefix string `query:"name_prefix" doc:"How the name begins, in any case."`
	State  string `query:"state" enum:"creating,active,renaming,deleting,trashed,restoring,purging" doc:"Only organizations in this state."`
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many items a page has at most."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before."`
}

type organizationPageOutput struct{ Body api.OrganizationPage }

func (s *Server) listOrganizations(ctx context.Context, caller access.Caller, in *listOrganizationsInput) (*organizationPageOutput, error) {
	list := []string{"organizations", in.Prefix, in.State}
	after, err := s.cursors.after(in.Cursor, list...)
	if err != nil {
		return nil, err
	}
	page, more, err := s.deps.Orgs.List(ctx, caller, orgs.Query{
		Prefix: in.Prefix, State: tenant.State(in.State), After: tenant.OrgID(after), Limit: in.Limit,
	})
	if err != nil {
		return nil, err
	}
	out := &organizationPageOutput{Body: api.OrganizationPage{Items: make([]api.Organization, 0, len(page))}}
	for i := range page {
		item := insideView(&page[i].Organization)
		if usage := page[i].Usage; usage != nil {
			item.Usage = &api.Usage{Documents: usage.Documents, Bytes: usage.Bytes}
		}
		out.Body.Items = append(out.Body.Items, item)
	}
	if more {
		out.Body.NextCursor = s.cursors.next(string(page[len(page)-1].ID), list...)
	}
	return out, nil
}
