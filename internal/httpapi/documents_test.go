package httpapi_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/orgd/orgd/api"
)

// A document is added, read, replaced, patched and deleted; its body is the document itself.
func TestLifeOfADocument(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	var doc api.Document
	created := ada.do("POST", ada.path("/documents"), `{"name":"Ada", "n": 9007199254740993}`).want(t, http.StatusCreated, &doc)
	if doc.ID == "" || doc.Version != 1 || doc.CreatedAt.IsZero() || !doc.UpdatedAt.Equal(doc.CreatedAt) ||
		!strings.Contains(string(doc.Data), "9007199254740993") {
		t.Errorf("created %+v", doc)
	}
	if names := keys(created.members(t)); !slices.Equal(names, []string{"created_at", "data", "id", "updated_at", "version"}) {
		t.Errorf("a document has %v", names)
	}
	at := created.header.Get("Location")
	if at != ada.path("/documents/"+doc.ID) || created.header.Get("ETag") != etagOf(doc) {
		t.Errorf("headers %v", created.header)
	}
	ada.get(at).want(t, http.StatusOK, &doc)
	if got := ada.do("PUT", at, `{"name":"Eve"}`, "If-Match", `"1"`).want(t, http.StatusOK, &doc); doc.Version != 2 || got.header.Get("Location") != "" {
		t.Errorf("replaced %+v", doc)
	}
	for _, media := range []string{"application/merge-patch+json", "application/json"} {
		ada.do("PATCH", at, `{"name":null,"tags":["a"]}`, "Content-Type", media).want(t, http.StatusOK, &doc)
	}
	if string(doc.Data) != `{"tags":["a"]}` || doc.Version != 4 {
		t.Errorf("patched %+v", doc)
	}
	ada.do("DELETE", at, "", "If-Match", `"3"`).refused(t, 412, api.CodePrecondition)
	ada.do("DELETE", at, "", "If-Match", `"4"`).want(t, http.StatusNoContent, nil)
	ada.get(at).refused(t, 404, api.CodeNotFound)
	ada.do("DELETE", at, "").refused(t, 404, api.CodeNotFound)
}

// The client may choose the id, and write only where there is nothing yet.
func TestPutUnderAnIdOfChoice(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	at := ada.path("/documents/user-1~a.b_C")
	got := ada.do("PUT", at, `{"a":1}`, "If-None-Match", "*").want(t, http.StatusCreated, nil)
	if got.header.Get("Location") != at {
		t.Errorf("Location %q", got.header.Get("Location"))
	}
	ada.do("PUT", at, `{"a":2}`, "If-None-Match", "*").refused(t, 412, api.CodePrecondition)
	ada.do("PUT", at, `{"a":2}`, "If-Match", `"7"`).refused(t, 412, api.CodePrecondition)
	ada.do("PUT", at, `{"a":2}`).want(t, http.StatusOK, nil)
	tag := ada.get(at, "If-None-Match", got.header.Get("ETag")).want(t, http.StatusOK, nil).header.Get("ETag")
	if same := ada.get(at, "If-None-Match", tag).want(t, http.StatusNotModified, nil); same.header.Get("ETag") != tag {
		t.Errorf("304 with the ETag %s for %s", same.header.Get("ETag"), tag)
	}
	for _, headers := range [][]string{
		{"If-Match", "*"}, {"If-Match", "2"}, {"If-Match", `W/"2"`}, {"If-None-Match", `"2"`}, {"If-Match", `"2"`, "If-None-Match", "*"},
	} {
		ada.do("PUT", at, `{"a":3}`, headers...).refused(t, 422, api.CodeInvalid)
	}
	for _, id := range []string{".hidden", "a%2Fb", "a%20b", "%00", "%C3%A9", strings.Repeat("x", 129)} {
		ada.do("PUT", ada.path("/documents/"+id), `{"a":1}`).refused(t, 422, api.CodeInvalid)
	}
}

// Pages of documents go by id, and a cursor is good for its own organization only.
func TestPagesOfDocuments(t *testing.T) {
	w := newWorld(t)
	ada, bob := w.found("Acme", "ada@acme.example"), w.found("Bolts", "bob@bolts.example")
	for i := range 5 {
		ada.do("PUT", ada.path(fmt.Sprintf("/documents/d%d", 4-i)), fmt.Sprintf(`{"i":%d}`, i)).want(t, http.StatusCreated, nil)
	}
	bob.do("PUT", bob.path("/documents/d1"), `{"of":"bob"}`).want(t, http.StatusCreated, nil)
	var ids []string
	target, cursor := ada.path("/documents?limit=2"), ""
	for range 3 {
		var page api.DocumentPage
		ada.get(target).want(t, http.StatusOK, &page)
		for _, doc := range page.Items {
			ids = append(ids, doc.ID)
		}
		if page.NextCursor != "" {
			cursor = page.NextCursor
		}
		target = ada.path("/documents?limit=2&cursor=" + page.NextCursor)
	}
	if !slices.Equal(ids, []string{"d0", "d1", "d2", "d3", "d4"}) {
		t.Errorf("the pages hold %v", ids)
	}
	bob.get(bob.path("/documents?cursor="+cursor)).refused(t, 422, api.CodeInvalid)
	ada.get(ada.path("/documents?limit=201")).refused(t, 422, api.CodeInvalid)
	var empty api.DocumentPage
	eve := w.found("Empty", "eve@empty.example")
	if got := eve.get(eve.path("/documents")).want(t, http.StatusOK, &empty); !strings.Contains(string(got.body), `"items":[]`) {
		t.Errorf("an empty page is %s", got.body)
	}
}

// What no document can be is told; JSON that no store could keep exactly is refused.
func TestWhatIsNoDocument(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	ada.do("PUT", ada.path("/documents/d"), `{"keep":true}`).want(t, http.StatusCreated, nil)
	for b, want := range map[string]api.Code{
		`{"a":}`: api.CodeMalformed, `{"a":1}x`: api.CodeMalformed, `{"a":1,"a":2}`: api.CodeMalformed, "\xff": api.CodeMalformed,
		strings.Repeat("[", 40): api.CodeMalformed,
		`[]`:                    api.CodeInvalid, `"text"`: api.CodeInvalid, `null`: api.CodeInvalid, `1`: api.CodeInvalid,
		`{"$a":1}`: api.CodeInvalid, `{"a.b":1}`: api.CodeInvalid, `{"":1}`: api.CodeInvalid, `{"_id":1}`: api.CodeInvalid,
		`{"_orgd":{}}`: api.CodeInvalid, `{"a":9223372036854775808}`: api.CodeInvalid, `{"a":1e999}`: api.CodeInvalid,
		`{"a":` + strings.Repeat("1", 65) + `}`: api.CodeInvalid, `{"a":"\u0000"}`: api.CodeInvalid, `{"a":{"\u0000":1}}`: api.CodeInvalid,
	} {
		for _, send := range [][2]string{{"POST", "/documents"}, {"PUT", "/documents/d"}, {"PATCH", "/documents/d"}} {
			got := ada.do(send[0], ada.path(send[1]), b)
			status := 422
			if want == api.CodeMalformed {
				status = 400
			}
			got.refused(t, status, want)
		}
	}
	for _, send := range [][2]string{{"POST", "/documents"}, {"PUT", "/documents/d"}, {"PATCH", "/documents/d"}} {
		p := ada.do(send[0], ada.path(send[1]), "").refused(t, 422, api.CodeInvalid)
		if len(p.Errors) != 1 || p.Errors[0].Location != "body" || p.Errors[0].Code != "required" {
			t.Errorf("%s without a body: %+v", send[0], p.Errors)
		}
	}
	var doc api.Document
	ada.get(ada.path("/documents/d")).want(t, http.StatusOK, &doc)
	if string(doc.Data) != `{"keep":true}` || doc.Version != 1 {
		t.Errorf("a refused write changed the document to %+v", doc)
	}
}

// Media types have no case, and parameters of JSON no meaning.
func TestMediaTypesInAnyCase(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	for i, media := range []string{"APPLICATION/JSON", "Application/Json; charset=utf-8", "application/json;charset=UTF-8"} {
		b := `{"organization_name":"Acme ` + strconv.Itoa(i+1) + `","email":"a` + strconv.Itoa(i) + `@acme.example","password":"` + goodPassword + `"}`
		w.send(t, "POST", "/org/create", b, "Content-Type", media).want(t, http.StatusCreated, nil)
		ada.do("PUT", ada.path("/documents/"+strconv.Itoa(i)), `{"a":1}`, "Content-Type", media).want(t, http.StatusCreated, nil)
	}
	ada.do("PATCH", ada.path("/documents/0"), `{"a":2}`, "Content-Type", "Application/Merge-Patch+JSON").want(t, http.StatusOK, nil)
}

// A write under a condition that says nothing is refused, whatever the condition was to be.
func TestEmptyConditions(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	ada.do("PUT", ada.path("/documents/d"), `{"a":1}`).want(t, http.StatusCreated, nil)
	for _, name := range []string{"If-Match", "If-None-Match"} {
		for _, method := range []string{"PUT", "PATCH", "DELETE"} {
			ada.do(method, ada.path("/documents/d"), `{"a":2}`, name, "").refused(t, 422, api.CodeInvalid)
		}
		ada.do("PATCH", ada.path(""), `{"organization_name":"Bolts"}`, name, "").refused(t, 422, api.CodeInvalid)
		ada.do("DELETE", ada.path(""), "", name, "").refused(t, 422, api.CodeInvalid)
	}
	ada.get(ada.path("/documents/d"), "If-None-Match", "").want(t, http.StatusOK, nil)
}

// The body limit is inclusive: a body of exactly the limit passes, one byte more does not.
func TestBodyLimit(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.options.BodyLimit = 1000 })
	ada := w.found("Acme", "ada@acme.example")
	of := func(size int) string { return `{"a":"` + strings.Repeat("x", size-8) + `"}` }
	ada.do("POST", ada.path("/documents"), of(1000)).want(t, http.StatusCreated, nil)
	p := ada.do("POST", ada.path("/documents"), of(1001)).refused(t, 413, api.CodeBodyTooLarge)
	chunked := httptest.NewRequestWithContext(t.Context(), "POST", ada.path("/documents"), io.MultiReader(strings.NewReader(of(1001))))
	chunked.Host, chunked.Header = "localhost", http.Header{"Authorization": {"Bearer " + ada.token}, "Content-Type": {"application/json"}}
	for _, detail := range []string{p.Detail, w.do(t, chunked).refused(t, 413, api.CodeBodyTooLarge).Detail} {
		if !strings.Contains(detail, "ORGD_BODY_LIMIT") || !strings.Contains(detail, "1000 bytes") {
			t.Errorf("detail %q", detail)
		}
	}
	w.send(t, "POST", "/org/create", of(1001)).refused(t, 413, api.CodeBodyTooLarge)
}

// A tenant stores no more than its quota; deletions still work.
func TestQuota(t *testing.T) {
	w := newWorld(t, func(s *setup) { s.quota = 100 })
	ada := w.found("Acme", "ada@acme.example")
	ada.do("PUT", ada.path("/documents/d"), `{"a":"`+strings.Repeat("x", 80)+`"}`).want(t, http.StatusCreated, nil)
	ada.do("POST", ada.path("/documents"), `{"a":"`+strings.Repeat("x", 80)+`"}`).refused(t, 403, api.CodeQuota)
	ada.do("DELETE", ada.path("/documents/d"), "").want(t, http.StatusNoContent, nil)
}
