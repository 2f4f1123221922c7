package documents_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/access"
	"github.com/orgd/orgd/internal/documents"
	"github.com/orgd/orgd/internal/placement"
	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/store/storetest"
	"github.com/orgd/orgd/internal/store/teststores"
	"github.com/orgd/orgd/internal/tenant"
)

func TestMain(m *testing.M) { os.Exit(teststores.Each(m).Run()) }

// world is one organization with an empty home, and the service over it.
type world struct {
	t      *testing.T
	faults *storetest.Faults
	gates  *placement.Gates
	docs   *documents.Service
	org    tenant.Organization
	log    bytes.Buffer
	passed atomic.Int64 // by how much the service's clock is ahead
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.passed.Load())) }

func newWorld(t *testing.T, quota int64) *world {
	t.Helper()
	faults := storetest.NewFaults(teststores.Open(t, teststores.Options{Now: time.Now}))
	s := faults.Store()
	gates := placement.NewGates(placement.NewDirectory(s.Orgs, time.Now), s.Instances, "self")
	guard := access.NewGuard(access.Policy{}, time.Now)
	w := &world{t: t, faults: faults, gates: gates, org: insert(t, s, "acme")}
	w.docs = documents.New(documents.Deps{
		Documents: s.Documents, Gates: gates, Guard: guard, Quota: quota, Now: w.now, Log: slog.New(slog.NewTextHandler(&w.log, nil)),
	})
	return w
}

func insert(t *testing.T, s store.Store, slug tenant.Slug) tenant.Organization {
	t.Helper()
	now := tenant.Millis(time.Now())
	org := tenant.Organization{
		ID: tenant.OrgID(tenant.NewID()), Name: tenant.Name(slug), Slug: slug, State: tenant.StateActive, Epoch: 1, Version: 1,
		Placement: tenant.Placement{Namespace: tenant.NamespaceOf(slug)}, CreatedAt: now, UpdatedAt: now,
	}
	org.Claims = tenant.IdentityClaims(org.Name, org.Slug, org.Placement)
	if err := s.Orgs.Insert(t.Context(), org, tenant.Upkeep{Reason: "test"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Places.Create(t.Context(), org.Place()); err != nil {
		t.Fatal(err)
	}
	return org
}

func (w *world) owner() access.Caller {
	return access.Caller{Kind: tenant.ActorMember, User: "u", Org: w.org.ID, Role: tenant.RoleOwner}
}

func (w *world) ref(id tenant.DocumentID) documents.Ref { return documents.Ref{Org: w.org.ID, ID: id} }

func (w *world) put(id, data string, cond documents.Condition) (tenant.Document, bool, error) {
	return w.docs.Put(w.t.Context(), w.owner(), w.ref(tenant.DocumentID(id)), tenant.Data(data), cond)
}

func wantCode(t *testing.T, err error, want tenant.Code, doing string) {
	t.Helper()
	if got := tenant.CodeOf(err); got != want {
		t.Errorf("%s: code %q, want %q (%v)", doing, got, want, err)
	}
}

func TestPut(t *testing.T) {
	w := newWorld(t, 0)
	for _, step := range []struct {
		data    string
		cond    documents.Condition
		want    tenant.Code
		created bool
		version int64
	}{
		{`{"n":1}`, documents.Condition{If: tenant.Revision{Version: 1}}, tenant.CodeNotFound, false, 0},
		{`{"n":1}`, documents.Condition{}, "", true, 1},
		{`{"n":2}`, documents.Condition{IfAbsent: true}, tenant.CodePrecondition, false, 0},
		{`{"n":2}`, documents.Condition{}, "", false, 2},
		{`{"n":3}`, documents.Condition{If: tenant.Revision{Version: 1}}, tenant.CodePrecondition, false, 0},
		{`{"n":3}`, documents.Condition{If: tenant.Revision{Version: 2}}, "", false, 3},
	} {
		doc, created, err := w.put("a", step.data, step.cond)
		wantCode(t, err, step.want, fmt.Sprintf("put %s under %+v", step.data, step.cond))
		if err == nil && (created != step.created || doc.Version != step.version || string(doc.Data) != step.data) {
			t.Errorf("put %s under %+v: created %t, version %d, data %s", step.data, step.cond, created, doc.Version, doc.Data)
		}
	}
	if doc, err := w.docs.Get(t.Context(), w.owner(), w.ref("a")); err != nil || string(doc.Data) != `{"n":3}` {
		t.Errorf("at the end: %s %v", doc.Data, err)
	}
}

func TestPatchAndDelete(t *testing.T) {
	w := newWorld(t, 0)
	patch := func(p string, cond documents.Condition) (tenant.Document, error) {
		return w.docs.Patch(t.Context(), w.owner(), w.ref("a"), []byte(p), cond)
	}
	_, err := patch(`{"n":1}`, documents.Condition{})
	wantCode(t, err, tenant.CodeNotFound, "patch of nothing")
	if _, _, err := w.put("a", `{"keep":true,"n":1}`, documents.Condition{}); err != nil {
		t.Fatal(err)
	}
	doc, err := patch(`{"n":null,"m":[1]}`, documents.Condition{If: tenant.Revision{Version: 1}})
	if err != nil || string(doc.Data) != `{"keep":true,"m":[1]}` || doc.Version != 2 {
		t.Errorf("patched to %s, version %d (%v)", doc.Data, doc.Version, err)
	}
	_, err = patch(`{"n":1}`, documents.Condition{If: tenant.Revision{Version: 1}})
	wantCode(t, err, tenant.CodePrecondition, "patch of the old version")
	_, err = patch(`{"_id":1}`, documents.Condition{})
	wantCode(t, err, tenant.CodeInvalid, "patch of a reserved name")
	wantCode(t, w.docs.Delete(t.Context(), w.owner(), w.ref("a"), tenant.Revision{Version: 1}), tenant.CodePrecondition, "delete of the old version")
	wantCode(t, w.docs.Delete(t.Context(), w.owner(), w.ref("a"), tenant.Revision{Version: 2}), "", "delete")
	wantCode(t, w.docs.Delete(t.Context(), w.owner(), w.ref("a"), tenant.Revision{}), tenant.CodeNotFound, "delete again")
}

// Patches without a condition never lose one another.
func TestConcurrentPatchesAllCount(t *testing.T) {
	w := newWorld(t, 0)
	if _, _, err := w.put("a", `{}`, documents.Condition{}); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for i := range 16 {
		wg.Go(func() {
			if _, err := w.docs.Patch(t.Context(), w.owner(), w.ref("a"), fmt.Appendf(nil, `{"p%02d":1}`, i), documents.Condition{}); err != nil {
				t.Errorf("patch %d: %v", i, err)
			}
		})
	}
	wg.Wait()
	doc, err := w.docs.Get(t.Context(), w.owner(), w.ref("a"))
	if err != nil || doc.Version != 17 || len(doc.Data) != len(`{}`)+16*len(`"p00":1`)+15 {
		t.Errorf("after 16 patches: version %d, %s (%v)", doc.Version, doc.Data, err)
	}
}

// A put without a condition meets somebody who creates the same document between its two attempts.
func TestPutMeetsAnInsert(t *testing.T) {
	w := newWorld(t, 0)
	reached, release := w.faults.Block("Documents.Insert")
	done := make(chan error, 1)
	go func() {
		_, _, err := w.docs.Put(context.Background(), w.owner(), w.ref("a"), tenant.Data(`{"by":"first"}`), documents.Condition{})
		done <- err
	}()
	<-reached
	if _, _, err := w.put("a", `{"by":"second"}`, documents.Condition{}); err != nil {
		t.Fatal(err)
	}
	release()
	wantCode(t, <-done, "", "the first put")
	if doc, err := w.docs.Get(t.Context(), w.owner(), w.ref("a")); err != nil || string(doc.Data) != `{"by":"first"}` || doc.Version != 2 {
		t.Errorf("the later write must stand: %s, version %d (%v)", doc.Data, doc.Version, err)
	}
}

// A put of a new document that loses its store midway is told so, and not that there is no such document.
func TestPutLosesItsStore(t *testing.T) {
	w := newWorld(t, 0)
	s, passed := w.faults.Store(), atomic.Int64{}
	now := func() time.Time { return time.Now().Add(time.Duration(passed.Load())) }
	w.docs = documents.New(documents.Deps{
		Documents: s.Documents, Guard: access.NewGuard(access.Policy{}, now), Now: now, Log: slog.New(slog.DiscardHandler),
		Gates: placement.NewGates(placement.NewDirectory(s.Orgs, now), s.Instances, "self"),
	})
	reached, release := w.faults.Block("Documents.Update")
	done := make(chan error, 1)
	go func() {
		_, _, err := w.docs.Put(context.Background(), w.owner(), w.ref("a"), tenant.Data(`{}`), documents.Condition{})
		done <- err
	}()
	<-reached
	passed.Store(int64(time.Minute)) // what was known of the organization is old now
	w.faults.FailOnceAt(2, storetest.Before)
	release()
	wantCode(t, <-done, tenant.CodeUnavailable, "a put whose store fails")
	if at := w.faults.FiredAt(); at != "Orgs.Get" {
		t.Errorf("the store failed at %q, want Orgs.Get", at)
	}
}

func TestCreateRepeatedUnderItsPlan(t *testing.T) {
	w := newWorld(t, 0)
	ids := documents.IDs{ID: "planned", WriteID: "w"}
	for range 2 {
		doc, err := w.docs.Create(t.Context(), w.owner(), w.org.ID, tenant.Data(`{"n":1}`), ids)
		if err != nil || doc.ID != "planned" || doc.Version != 1 {
			t.Fatalf("%+v %v", doc, err)
		}
	}
	_, err := w.docs.Create(t.Context(), w.owner(), w.org.ID, tenant.Data(`{"n":1}`), documents.IDs{ID: "planned", WriteID: "other"})
	wantCode(t, err, tenant.CodeIDTaken, "another write of the same id")
}

func TestList(t *testing.T) {
	w := newWorld(t, 0)
	for _, id := range []string{"b", "a", "c"} {
		if _, _, err := w.put(id, `{}`, documents.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	docs, more, err := w.docs.List(t.Context(), w.owner(), w.org.ID, "", 2)
	if err != nil || !more || len(docs) != 2 || docs[0].ID != "a" {
		t.Errorf("first page: %v %t %v", docs, more, err)
	}
	docs, more, err = w.docs.List(t.Context(), w.owner(), w.org.ID, docs[1].ID, 2)
	if err != nil || more || len(docs) != 1 || docs[0].ID != "c" {
		t.Errorf("last page: %v %t %v", docs, more, err)
	}
}

func TestQuota(t *testing.T) {
	w := newWorld(t, 20)
	_, _, err := w.put("a", `{"n":"1234567"}`, documents.Condition{})
	wantCode(t, err, "", "within the quota")
	_, _, err = w.put("b", `{"n":"1234567"}`, documents.Condition{})
	wantCode(t, err, tenant.CodeQuota, "beyond the quota")
	wantCode(t, w.docs.Delete(t.Context(), w.owner(), w.ref("a"), tenant.Revision{}), "", "delete at the quota")
}

// Who may: members of this organization, and nobody else, on every act.
func TestStrangersFindNothing(t *testing.T) {
	w := newWorld(t, 0)
	if _, _, err := w.put("a", `{}`, documents.Condition{}); err != nil {
		t.Fatal(err)
	}
	stranger := w.owner()
	stranger.Org = tenant.OrgID(tenant.NewID())
	for who, tc := range map[string]struct {
		caller access.Caller
		want   tenant.Code
	}{
		"a stranger":  {stranger, tenant.CodeNotFound},
		"nobody":      {access.Caller{}, tenant.CodeUnauthenticated},
		"an operator": {access.Caller{Kind: tenant.ActorOperator, Operator: "o"}, tenant.CodeForbidden},
	} {
		ctx, org := t.Context(), w.org.ID
		_, err := w.docs.Get(ctx, tc.caller, documents.Ref{Org: org, ID: "a"})
		wantCode(t, err, tc.want, who+" gets")
		_, _, err = w.docs.List(ctx, tc.caller, org, "", 1)
		wantCode(t, err, tc.want, who+" lists")
		_, err = w.docs.Create(ctx, tc.caller, org, tenant.Data(`{}`), documents.IDs{})
		wantCode(t, err, tc.want, who+" creates")
		_, _, err = w.docs.Put(ctx, tc.caller, documents.Ref{Org: org, ID: "a"}, tenant.Data(`{}`), documents.Condition{})
		wantCode(t, err, tc.want, who+" puts")
		_, err = w.docs.Patch(ctx, tc.caller, documents.Ref{Org: org, ID: "a"}, []byte(`{}`), documents.Condition{})
		wantCode(t, err, tc.want, who+" patches")
		wantCode(t, w.docs.Delete(ctx, tc.caller, documents.Ref{Org: org, ID: "a"}, tenant.Revision{}), tc.want, who+" deletes")
	}
	if doc, err := w.docs.Get(t.Context(), w.owner(), w.ref("a")); err != nil || doc.Version != 1 {
		t.Errorf("after them the document is %+v (%v)", doc, err)
	}
}

// Every store call is inside the gate: while it runs, a drain waits.
func TestCallsHoldTheGate(t *testing.T) {
	w := newWorld(t, 0)
	reached, release := w.faults.Block("Documents.Insert")
	done := make(chan error, 1)
	go func() {
		_, err := w.docs.Create(context.Background(), w.owner(), w.org.ID, tenant.Data(`{}`), documents.IDs{})
		done <- err
	}()
	<-reached
	drained := make(chan error, 1)
	go func() {
		_, err := w.gates.Drain(context.Background(), w.org)
		drained <- err
	}()
	select {
	case err := <-drained:
		t.Fatalf("drained during an insert: %v", err)
	case <-time.After(20 * time.Millisecond): // a drain that does not wait is done by now
	}
	release()
	wantCode(t, <-done, "", "the insert")
	wantCode(t, <-drained, "", "the drain")
	w.gates.Open(w.org)
}
