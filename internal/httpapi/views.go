package httpapi

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/tenant"
)

// publicView is what everybody sees of an organization that they may know of.
func publicView(org *tenant.Organization) api.Organization {
	return api.Organization{
		ID: string(org.ID), Name: string(org.Name), Slug: string(org.Slug), CollectionName: org.Placement.Namespace,
		State: string(org.State), CreatedAt: org.CreatedAt, UpdatedAt: org.UpdatedAt,
	}
}

// insideView adds what its members and operators see and the organization itself holds.
func insideView(org *tenant.Organization) api.Organization {
	view := publicView(org)
	view.Version = org.Version
	view.Placement = &api.Placement{
		Level: string(org.Placement.Level), Cluster: org.Placement.Cluster, Database: org.Placement.Database,
	}
	if len(org.Owners) > 0 {
		view.AdminID = string(org.Owners[0])
	}
	if !org.DeletedAt.IsZero() {
		view.DeletedAt = &org.DeletedAt
	}
	return view
}

// show answers with as much of an organization as the caller may see.
func (s *Server) show(ctx context.Context, caller access.Caller, org *tenant.Organization) (*organizationOutput, error) {
	details, err := s.deps.Orgs.Details(ctx, caller, org)
	if err != nil {
		return nil, err
	}
	if details == nil {
		return &organizationOutput{Status: 200, Body: publicView(org)}, nil
	}
	out := &organizationOutput{Status: 200, Body: insideView(org)}
	out.ETag = etag{version: org.Version, mark: details.OwnerVersion}.String()
	out.Body.AdminID, out.Body.AdminEmail = string(details.AdminID), string(details.AdminEmail)
	return out, nil
}

// own resolves the organization of a path under /v1, where those of others do not exist even while their names are public.
func (s *Server) own(ctx context.Context, caller access.Caller, ref string) (*tenant.Organization, error) {
	org, err := s.deps.Orgs.Resolve(ctx, caller, ref)
	if err == nil && caller.Kind == tenant.ActorMember && caller.Org != org.ID {
		return nil, access.NotFound()
	}
	return org, err
}

// matching compares the owner's part of an If-Match before an act, which compares the organization's part itself.
func (s *Server) matching(ctx context.Context, caller access.Caller, org *tenant.Organization, match etag) error {
	if match.mark == 0 {
		return nil
	}
	return s.deps.Orgs.MatchOwner(ctx, caller, org, match.mark)
}

// deletable returns the tag that a deletion demands. Operators see every organization, so a name or slug that now
// means another one would cost its data: they name an id, or the tag of what they looked at.
func deletable(caller access.Caller, byID bool, header string) (etag, error) {
	tag, err := ifMatch(header)
	if err == nil && caller.Kind == tenant.ActorOperator && !byID && tag.version == 0 {
		return etag{}, refusal(api.CodePreconditionRequired,
			"an operator deletes by id, or by name with the organization's ETag in If-Match, so that the right one goes")
	}
	return tag, err
}

// relocate tells a refused field by the name that it has on this route.
func relocate(err error, from, to string) error {
	var own *tenant.Error
	if !errors.As(err, &own) || own.Code != tenant.CodeInvalid {
		return err
	}
	moved := *own
	moved.Fields = slices.Clone(own.Fields)
	for i := range moved.Fields {
		if moved.Fields[i].Location == from {
			moved.Fields[i].Location = to
		}
	}
	moved.Message = strings.ReplaceAll(moved.Message, from, to)
	return &moved
}

// documentView is a document on the wire.
func documentView(doc *tenant.Document) api.Document {
	return api.Document{
		ID: string(doc.ID), Version: doc.Version, CreatedAt: doc.CreatedAt, UpdatedAt: doc.UpdatedAt,
		Data: json.RawMessage(doc.Data),
	}
}
