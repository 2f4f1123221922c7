package httpapi

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/danielgtaylor/huma/v2"

	"github.com/orgd/orgd/api"
)

// Media types of bodies.
const (
	jsonMedia    = "application/json"
	mergePatch   = "application/merge-patch+json"
	problemMedia = "application/problem+json"
)

// bearerScheme is the name of the only security scheme.
const bearerScheme = "bearer"

// Texts of operations that need more than a summary.
const (
	aboutUpdate = "Address and password are those of the caller, who must be an owner; more than 15 minutes after the " +
		"sign-in they need current_password. All of it happens, or nothing. What is not given, or null, stays as it is."
	aboutDelete = "Name and addresses are free at once, and every token is worth nothing. Operators can restore the " +
		"organization with its data for a time (ORGD_DELETE_RETENTION)."
	aboutDocument = "The body is the document itself, a JSON object. Integers keep all digits of 64 bits."
	aboutReset    = "`orgd user reset-link` makes the token, which works once. All sessions end."
	aboutAPI      = "Organizations, the people who run them, and a place for the data of each. Errors are problems " +
		"(RFC 9457) with a code for programs and a detail for people. Lists are paged by next_cursor."
)

// describe is Huma's configuration. What it would serve by itself is off: its pages need a network, and its $schema links
// take their host from the request.
func describe() huma.Config {
	config := huma.DefaultConfig("orgd", "1")
	config.Info.Description = aboutAPI
	config.Info.License = &huma.License{Name: "Apache-2.0", Identifier: "Apache-2.0"}
	config.Components.SecuritySchemes = map[string]*huma.SecurityScheme{
		bearerScheme: {Type: "http", Scheme: "bearer", BearerFormat: "JWT", Description: "The access_token of a login."},
	}
	for _, tag := range []string{tagSeed, tagOrganizations, tagDocuments, tagAccounts, tagServer} {
		config.Tags = append(config.Tags, &huma.Tag{Name: tag})
	}
	config.CreateHooks = nil
	config.OpenAPIPath, config.DocsPath, config.SchemasPath = "", "", ""
	config.Formats = map[string]huma.Format{jsonMedia: jsonFormat, "json": jsonFormat}
	return config
}

// description is one form of the OpenAPI document, which is made when it is first asked for.
type description struct {
	media string
	text  func(*Server) ([]byte, error)
}

var (
	openAPIJSON = description{"application/openapi+json", func(s *Server) ([]byte, error) {
		return json.MarshalIndent(s.huma.OpenAPI(), "", "  ")
	}}
	openAPIYAML = description{"application/openapi+yaml", func(s *Server) ([]byte, error) {
		return s.huma.OpenAPI().YAML()
	}}
)

func (s *Server) serveDescription(d description) func(*exchange, *http.Request) {
	text := sync.OnceValues(func() ([]byte, error) { return d.text(s) })
	return func(x *exchange, _ *http.Request) {
		body, err := text()
		if err != nil {
			s.refuse(x, fmt.Errorf("describe the API: %w", err))
			return
		}
		x.Header().Set("Content-Type", d.media)
		x.Header().Set("Cache-Control", "no-cache")
		_, _ = x.Write(body)
	}
}

// refusals are the statuses of failures that follow from what a route is.
func (rt *route) refusals() []int {
	list := []int{http.StatusBadRequest, http.StatusUnprocessableEntity} // of a query that cannot be read, or has what nobody asked for
	if rt.entry != nobody || rt.method != http.MethodGet {
		list = append(list, http.StatusServiceUnavailable) // it needs the store
	}
	if rt.entry != nobody {
		list = append(list, http.StatusUnauthorized)
	}
	if rt.media != nil {
		list = append(list, http.StatusRequestTimeout, http.StatusRequestEntityTooLarge,
			http.StatusUnsupportedMediaType)
	}
	if rt.keyed {
		list = append(list, http.StatusConflict)
	}
	return list
}

// failure describes an answer that is a problem.
func failure(description string) *huma.Response {
	schema := &huma.Schema{Ref: "#/components/schemas/Problem"}
	return &huma.Response{Description: description, Content: map[string]*huma.MediaType{problemMedia: {Schema: schema}}}
}

// complete says in the description of an operation what Huma cannot know: other statuses of success, those of failure that follow
// from the route, and the form of bodies that it does not read.
func (rt *route) complete(op *huma.Operation) {
	usual := op.Responses[strconv.Itoa(op.DefaultStatus)]
	for _, header := range usual.Headers {
		header.Description, header.Schema.Description = header.Schema.Description, ""
	}
	for _, status := range rt.also {
		response := *usual
		response.Description = http.StatusText(status)
		if status == http.StatusNotModified {
			response.Content = nil
		}
		op.Responses[strconv.Itoa(status)] = &response
	}
	for _, status := range rt.refusals() {
		op.Responses[strconv.Itoa(status)] = failure(http.StatusText(status))
	}
	op.Responses["default"] = failure("Any other problem: status and code say which.")
	if !rt.raw {
		return
	}
	object := &huma.MediaType{Schema: &huma.Schema{
		Type: huma.TypeObject, AdditionalProperties: true, Examples: []any{map[string]any{"name": "Ada", "logins": 3}},
	}}
	op.RequestBody.Content = map[string]*huma.MediaType{}
	for _, media := range rt.media {
		op.RequestBody.Content[media] = object
	}
}

// refine says in the description of types what Huma cannot know: the closed list of codes, that data is an object, and that
// an answer may have more members one day, which a request may not.
func refine(described *huma.OpenAPI) {
	schemas := described.Components.Schemas.Map()
	asked := map[string]bool{}
	for _, path := range described.Paths {
		for _, op := range []*huma.Operation{path.Post, path.Put, path.Patch, path.Delete} {
			if op == nil || op.RequestBody == nil {
				continue
			}
			for _, media := range op.RequestBody.Content {
				asked[media.Schema.Ref] = true
			}
		}
	}
	for name, schema := range schemas {
		if !asked["#/components/schemas/"+name] {
			schema.AdditionalProperties = nil
		}
	}
	for _, code := range api.Codes {
		schemas["Problem"].Properties["code"].Enum = append(schemas["Problem"].Properties["code"].Enum, code)
	}
	schemas["Document"].Properties["data"].Type = huma.TypeObject
}
