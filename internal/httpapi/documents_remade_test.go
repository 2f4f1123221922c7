package httpapi_test

import (
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/orgd/orgd/api"
)

// etagOf is the ETag of a document by what its body says.
func etagOf(doc api.Document) string {
	return `"` + strconv.FormatInt(doc.Version, 10) + "." + strconv.FormatInt(doc.CreatedAt.UnixMilli(), 36) + `"`
}

// A document that is made under the id of a deleted one is another one, although its version is 1 again: who holds the
// ETag of the earlier one is not told that it is unchanged, and neither replaces, patches nor deletes the later one.
func TestETagOfADeletedDocument(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	at := ada.path("/documents/d")
	earlier := ada.do("PUT", at, `{"of":"the earlier"}`).want(t, http.StatusCreated, nil).header.Get("ETag")
	ada.do("DELETE", at, "", "If-Match", earlier).want(t, http.StatusNoContent, nil)
	w.clock.pass(time.Second)
	later := ada.do("PUT", at, `{"of":"the later"}`).want(t, http.StatusCreated, nil).header.Get("ETag")
	if !strings.HasPrefix(earlier, `"1.`) || !strings.HasPrefix(later, `"1.`) || earlier == later {
		t.Errorf("the ETag of the earlier document is %s, of the later one %s", earlier, later)
	}

	var doc api.Document
	ada.get(at, "If-None-Match", earlier).want(t, http.StatusOK, &doc)
	ada.get(at, "If-None-Match", later).want(t, http.StatusNotModified, nil)
	for _, send := range [][2]string{{"PUT", `{"of":"a late writer"}`}, {"PATCH", `{"of":"a late writer"}`}, {"DELETE", ""}} {
		ada.do(send[0], at, send[1], "If-Match", earlier).refused(t, 412, api.CodePrecondition)
	}
	ada.get(at).want(t, http.StatusOK, &doc)
	if doc.Version != 1 || string(doc.Data) != `{"of":"the later"}` || etagOf(doc) != later {
		t.Errorf("after acts that were refused the later document is %+v", doc)
	}

	next := ada.do("PATCH", at, `{"n":1}`, "If-Match", later).want(t, http.StatusOK, nil).header.Get("ETag")
	next = ada.do("PUT", at, `{"n":2}`, "If-Match", next).want(t, http.StatusOK, nil).header.Get("ETag")
	ada.do("DELETE", at, "", "If-Match", later).refused(t, 412, api.CodePrecondition)
	ada.do("DELETE", at, "", "If-Match", next).want(t, http.StatusNoContent, nil)
}

// A client that makes its If-Match of the version in a body demands that version, of whichever document has the id.
func TestIfMatchOfTheVersionAlone(t *testing.T) {
	w := newWorld(t)
	ada := w.found("Acme", "ada@acme.example")
	at := ada.path("/documents/d")
	ada.do("PUT", at, `{"n":1}`).want(t, http.StatusCreated, nil)
	ada.get(at, "If-None-Match", `"1"`).want(t, http.StatusOK, nil)
	ada.do("PUT", at, `{"n":2}`, "If-Match", `"1"`).want(t, http.StatusOK, nil)
	for _, send := range [][2]string{{"PUT", `{"n":3}`}, {"PATCH", `{"n":3}`}, {"DELETE", ""}} {
		ada.do(send[0], at, send[1], "If-Match", `"1"`).refused(t, 412, api.CodePrecondition)
	}
	ada.do("PATCH", at, `{"n":3}`, "If-Match", `"2"`).want(t, http.StatusOK, nil)
	ada.do("DELETE", at, "", "If-Match", `"3"`).want(t, http.StatusNoContent, nil)
}
