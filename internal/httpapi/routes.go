package httpapi

import "net/http"

// Tags group the routes in the description.
const (
	tagSeed          = "Organizations by name"
	tagOrganizations = "Organizations"
	tagDocuments     = "Documents"
	tagAccounts      = "Accounts"
	tagServer        = "Server"
)

// routes is every route of the server.
func (s *Server) routes() {
	s.seedRoutes()
	s.organizationRoutes()
	s.documentRoutes()
	s.accountRoutes()
	s.serverRoutes()
}

func (s *Server) seedRoutes() {
	handle(s, route{
		at: "POST /org/create", tag: tagSeed, status: 201, entry: anyone, keyed: true, waits: true,
		summary: "Create an organization with its first admin", errors: []int{403, 404, 429, 507},
	}, s.createOrganization)
	handle(s, route{
		at: "GET /org/get", tag: tagSeed, entry: anyone, quick: s.quickByName,
		summary: "Get an organization by its name", errors: []int{404},
	}, s.getByName)
	handle(s, route{
		at: "PUT /org/update", tag: tagSeed, fresh: true, waits: true,
		summary: "Rename an organization, or change its admin's e-mail address or password",
		about:   aboutUpdate, errors: []int{403, 404, 409, 412, 429},
	}, s.updateByName)
	handle(s, route{
		at: "DELETE /org/delete", tag: tagSeed, status: 200, fresh: true,
		summary: "Delete an organization with its data", about: aboutDelete, errors: []int{403, 404, 409, 412, 428},
	}, s.deleteByName)
	handle(s, route{
		at: "POST /admin/login", tag: tagSeed, entry: nobody, secret: true, waits: true,
		summary: "Sign an admin in", errors: []int{401, 429},
	}, s.adminLogin)
}

func (s *Server) organizationRoutes() {
	handle(s, route{
		at: "POST /v1/organizations", tag: tagOrganizations, status: 201, entry: anyone, keyed: true, waits: true,
		summary: "Create an organization with its first admin", errors: []int{403, 404, 429, 507},
	}, s.createOrganization)
	handle(s, route{
		at: "GET /v1/organizations", tag: tagOrganizations,
		summary: "List organizations", about: "Operators see all of them, members their own.",
	}, s.listOrganizations)
	handle(s, route{
		at: "GET /v1/organizations/{org}", tag: tagOrganizations,
		summary: "Get an organization", also: []int{304}, errors: []int{404},
	}, s.getOrganization)
	handle(s, route{
		at: "PATCH /v1/organizations/{org}", tag: tagOrganizations, fresh: true, waits: true,
		summary: "Rename an organization, or change its admin's e-mail address or password",
		about:   aboutUpdate, errors: []int{403, 404, 409, 412, 429},
	}, s.changeOrganization)
	handle(s, route{
		at: "DELETE /v1/organizations/{org}", tag: tagOrganizations, fresh: true,
		summary: "Delete an organization with its data", about: aboutDelete, errors: []int{403, 404, 409, 412, 428},
	}, s.deleteOrganization)
	handle(s, route{
		at: "POST /v1/organizations/{org}/restore", tag: tagOrganizations, status: 200, fresh: true, keyed: true,
		summary: "Bring an organization back from the trash", about: "For operators.", errors: []int{403, 404, 409},
	}, s.restoreOrganization)
}

func (s *Server) documentRoutes() {
	const list, one = "/v1/organizations/{org}/documents", "/v1/organizations/{org}/documents/{id}"
	handle(s, route{
		at: "POST " + list, tag: tagDocuments, status: 201, keyed: true, raw: true,
		summary: "Add a document", about: aboutDocument, errors: []int{403, 404, 507},
	}, s.createDocument)
	handle(s, route{
		at: "GET " + list, tag: tagDocuments,
		summary: "List documents", about: "In ascending order of their ids.", errors: []int{403, 404},
	}, s.listDocuments)
	handle(s, route{
		at: "GET " + one, tag: tagDocuments,
		summary: "Get a document", also: []int{304}, errors: []int{403, 404},
	}, s.getDocument)
	handle(s, route{
		at: "PUT " + one, tag: tagDocuments, raw: true, also: []int{201},
		summary: "Write a document under an id of your choice", about: aboutDocument, errors: []int{403, 404, 412, 507},
	}, s.putDocument)
	handle(s, route{
		at: "PATCH " + one, tag: tagDocuments, raw: true, media: []string{mergePatch, jsonMedia},
		summary: "Change a document", about: "The body is a JSON Merge Patch (RFC 7396): members that are null are removed.",
		errors: []int{403, 404, 412, 507},
	}, s.patchDocument)
	handle(s, route{
		at: "DELETE " + one, tag: tagDocuments, status: 204,
		summary: "Delete a document", errors: []int{403, 404, 412},
	}, s.deleteDocument)
}

func (s *Server) accountRoutes() {
	handle(s, route{
		at: "POST /v1/auth/login", tag: tagAccounts, entry: nobody, secret: true, waits: true,
		summary: "Sign a member or an operator in", errors: []int{401, 429},
	}, s.login)
	handle(s, route{
		at: "POST /v1/auth/password-reset", tag: tagAccounts, status: 204, entry: nobody, secret: true, waits: true,
		summary: "Set a new password with the token of a reset link", about: aboutReset, errors: []int{429},
	}, s.resetPassword)
	handle(s, route{
		at: "GET /v1/me", tag: tagAccounts,
		summary: "Get the account that you are signed in with",
	}, s.getMe)
	handle(s, route{
		at: "PATCH /v1/me", tag: tagAccounts, fresh: true, waits: true,
		summary: "Change your e-mail address or password", errors: []int{409, 429},
	}, s.changeMe)
}

func (s *Server) serverRoutes() {
	handle(s, route{
		at: "GET /.well-known/jwks.json", tag: tagServer, entry: nobody,
		summary: "Get the keys with which access tokens are verified",
	}, s.getKeySet)
	handle(s, route{
		at: "GET " + pathHealth, tag: tagServer, entry: nobody,
		summary: "Ask whether the process lives",
	}, s.getHealth)
	handle(s, route{
		at: "GET " + pathReady, tag: tagServer, entry: nobody,
		summary: "Ask whether requests should be sent here", errors: []int{503, 507},
	}, s.getReady)
	s.plain("GET /openapi.json", s.serveDescription(openAPIJSON))
	s.plain("GET /openapi.yaml", s.serveDescription(openAPIYAML))
	if s.options.Docs {
		s.plain("GET /docs", s.serveDocs)
		s.plain("GET /docs/{file}", s.serveDocs)
	}
	if s.options.Metrics {
		metrics := s.exposition()
		s.plain("GET "+pathMetrics, func(x *exchange, r *http.Request) { metrics.ServeHTTP(x, r) })
	}
}
