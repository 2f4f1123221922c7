package httpapi

import (
	"context"

	"github.com/orgd/orgd/api"
	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/idempotency"
	"github.com/orgd/orgd/internal/tenant"
)

// DocumentPath names, as [OrganizationPath] does, a document of the organization's default collection.
type DocumentPath struct {
	OrganizationPath
	ID string `path:"id" doc:"The document's id: 1 to 128 of A-Z, a-z, 0-9 and ._~-, not starting with a dot."`
}

// rawBody is a body that is a document or a patch, and so has no type of ours.
type rawBody struct {
	RawBody []byte `contentType:"application/json"`
}

type documentOutput struct {
	Status   int
	Location string `header:"Location" doc:"The path of a document that was created."`
	ETag     string `header:"ETag" doc:"What the document is now, for If-Match and If-None-Match: its version, and when it was created."`
	Body     api.Document
}

func showDocument(status int, doc *tenant.Document) *documentOutput {
	return &documentOutput{Status: status, ETag: documentTag(doc).String(), Body: documentView(doc)}
}

// at makes a 201 tell where the document is.
func (out *documentOutput) at(org tenant.OrgID) *documentOutput {
	out.Location = "/v1/organizations/" + string(org) + "/documents/" + out.Body.ID
	return out
}

type newDocumentInput struct {
	OrganizationPath
	Key string `header:"Idempotency-Key" doc:"Makes repetitions of this request within 24 hours take effect once."`
	rawBody
}

func (s *Server) createDocument(ctx context.Context, caller access.Caller, in *newDocumentInput) (*documentOutput, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	data, err := tenant.ParseData(in.RawBody)
	if err != nil {
		return nil, err
	}
	var doc tenant.Document
	plan, replayed, err := s.once(ctx, idempotency.Request{
		Caller: caller, Action: access.DocWrite, Org: org.ID, Route: "create document in " + string(org.ID), Key: in.Key, Body: data,
	}, func(ctx context.Context, plan idempotency.Plan) (err error) {
		doc, err = s.deps.Documents.Create(ctx, caller, org.ID, data,
			documents.IDs{ID: tenant.DocumentID(plan.ResourceID), WriteID: plan.WriteID})
		return err
	})
	if err == nil && replayed {
		doc, err = s.deps.Documents.Get(ctx, caller, documents.Ref{Org: org.ID, ID: tenant.DocumentID(plan.ResourceID)})
	}
	if err != nil {
		return nil, err
	}
	return showDocument(201, &doc).at(org.ID), nil
}

// document resolves a path: the organization, and the id of a document in it.
func (s *Server) document(ctx context.Context, caller access.Caller, in DocumentPath) (ref documents.Ref, err error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return ref, err
	}
	ref.Org = org.ID
	ref.ID, err = tenant.ParseDocumentID("path.id", in.ID)
	return ref, err
}

type getDocumentInput struct {
	DocumentPath
	IfNoneMatch string `header:"If-None-Match" doc:"Answers 304 if this is still the ETag."`
}

func (s *Server) getDocument(ctx context.Context, caller access.Caller, in *getDocumentInput) (*documentOutput, error) {
	ref, err := s.document(ctx, caller, in.DocumentPath)
	if err != nil {
		return nil, err
	}
	doc, err := s.deps.Documents.Get(ctx, caller, ref)
	if err != nil {
		return nil, err
	}
	out := showDocument(200, &doc)
	if unchanged(in.IfNoneMatch, out.ETag) {
		return &documentOutput{Status: 304, ETag: out.ETag}, nil
	}
	return out, nil
}

type putDocumentInput struct {
	DocumentPath
	IfMatch     string `header:"If-Match" doc:"The ETag that must be current. The version alone, in quotes, demands no more than the version."`
	IfNoneMatch string `header:"If-None-Match" doc:"With *, writes only if there is no such document."`
	rawBody
}

func (s *Server) putDocument(ctx context.Context, caller access.Caller, in *putDocumentInput) (*documentOutput, error) {
	ref, err := s.document(ctx, caller, in.DocumentPath)
	if err != nil {
		return nil, err
	}
	cond, err := condition(in.IfMatch, in.IfNoneMatch)
	if err != nil {
		return nil, err
	}
	data, err := tenant.ParseData(in.RawBody)
	if err != nil {
		return nil, err
	}
	doc, created, err := s.deps.Documents.Put(ctx, caller, ref, data, cond)
	if err != nil {
		return nil, err
	}
	if created {
		return showDocument(201, &doc).at(ref.Org), nil
	}
	return showDocument(200, &doc), nil
}

type patchDocumentInput struct {
	DocumentPath
	IfMatch string `header:"If-Match" doc:"The ETag that must be current. The version alone, in quotes, demands no more than the version."`
	rawBody
}

func (s *Server) patchDocument(ctx context.Context, caller access.Caller, in *patchDocumentInput) (*documentOutput, error) {
	ref, err := s.document(ctx, caller, in.DocumentPath)
	if err != nil {
		return nil, err
	}
	cond, err := condition(in.IfMatch, "")
	if err != nil {
		return nil, err
	}
	doc, err := s.deps.Documents.Patch(ctx, caller, ref, in.RawBody, cond)
	if err != nil {
		return nil, err
	}
	return showDocument(200, &doc), nil
}

type deleteDocumentInput struct {
	DocumentPath
	IfMatch string `header:"If-Match" doc:"The ETag that must be current. The version alone, in quotes, demands no more than the version."`
}

func (s *Server) deleteDocument(ctx context.Context, caller access.Caller, in *deleteDocumentInput) (*struct{}, error) {
	ref, err := s.document(ctx, caller, in.DocumentPath)
	if err != nil {
		return nil, err
	}
	tag, err := ifMatch(in.IfMatch)
	if err != nil {
		return nil, err
	}
	return &struct{}{}, s.deps.Documents.Delete(ctx, caller, ref, tag.revision())
}

type listDocumentsInput struct {
	OrganizationPath
	Limit  int    `query:"limit" default:"50" minimum:"1" maximum:"200" doc:"How many items a page has at most."`
	Cursor string `query:"cursor" doc:"next_cursor of the page before."`
}

type documentPageOutput struct{ Body api.DocumentPage }

func (s *Server) listDocuments(ctx context.Context, caller access.Caller, in *listDocumentsInput) (*documentPageOutput, error) {
	org, err := s.own(ctx, caller, in.Org)
	if err != nil {
		return nil, err
	}
	list := []string{"documents", string(org.ID)}
	after, err := s.cursors.after(in.Cursor, list...)
	if err != nil {
		return nil, err
	}
	docs, more, err := s.deps.Documents.List(ctx, caller, org.ID, tenant.DocumentID(after), in.Limit)
	if err != nil {
		return nil, err
	}
	out := &documentPageOutput{Body: api.DocumentPage{Items: make([]api.Document, 0, len(docs))}}
	for i := range docs {
		out.Body.Items = append(out.Body.Items, documentView(&docs[i]))
	}
	if more {
		out.Body.NextCursor = s.cursors.next(string(docs[len(docs)-1].ID), list...)
	}
	return out, nil
}

// condition reads If-Match and If-None-Match, which exclude each other.
func condition(match, noneMatch string) (documents.Condition, error) {
	tag, err := ifMatch(match)
	if err != nil {
		return documents.Condition{}, err
	}
	absent, err := ifAbsent(noneMatch)
	if err == nil && absent && match != "" {
		err = tenant.Invalid("header.If-None-Match", "contradiction", "send If-Match or If-None-Match, not both")
	}
	return documents.Condition{If: tag.revision(), IfAbsent: absent}, err
}
