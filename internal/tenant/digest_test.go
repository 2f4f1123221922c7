package tenant_test

import (
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func TestDigestKnowsEveryField(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 678912345, time.FixedZone("east", 3600))
	base := tenant.Document{ID: "a", Data: tenant.Data(`{"a":{"x":1,"y":[1,2.0]},"b":"é\n"}`), Version: 2, CreatedAt: at, UpdatedAt: at, WriteID: "w"}
	digest := func(docs ...tenant.Document) *tenant.DocumentsDigest {
		var g tenant.DocumentsDigest
		for _, d := range docs {
			if err := g.Add(&d); err != nil {
				t.Fatal(err)
			}
		}
		return &g
	}
	same := base
	same.Data, same.CreatedAt = tenant.Data(`{"b":"é\n","a":{"y":[1,2.0],"x":1}}`), tenant.Millis(at)
	if !digest(base).Equal(digest(same)) {
		t.Error("the order of members, or a time's location, counts")
	}
	if string(same.Data) != `{"b":"é\n","a":{"y":[1,2.0],"x":1}}` {
		t.Error("a document was changed by counting it")
	}
	for name, change := range map[string]func(*tenant.Document){
		"id":              func(d *tenant.Document) { d.ID = "b" },
		"version":         func(d *tenant.Document) { d.Version++ },
		"creation":        func(d *tenant.Document) { d.CreatedAt = at.Add(time.Millisecond) },
		"change":          func(d *tenant.Document) { d.UpdatedAt = time.Time{} },
		"write id":        func(d *tenant.Document) { d.WriteID = "" },
		"number":          func(d *tenant.Document) { d.Data = tenant.Data(`{"a":{"x":1.0,"y":[1,2.0]},"b":"é\n"}`) },
		"order in a list": func(d *tenant.Document) { d.Data = tenant.Data(`{"a":{"x":1,"y":[2.0,1]},"b":"é\n"}`) },
		"large integer":   func(d *tenant.Document) { d.Data = tenant.Data(`{"a":{"x":9007199254740993,"y":[1,2.0]},"b":"é\n"}`) },
	} {
		other := base
		change(&other)
		if digest(base).Equal(digest(other)) {
			t.Errorf("another %s is not seen", name)
		}
	}
	other := base
	other.ID = "b"
	if digest(base, other).Equal(digest(base)) || digest(base, other).Equal(digest(other, base)) || !digest().Equal(digest()) {
		t.Error("the number or the order of documents is not seen")
	}
	near := base
	near.Data = tenant.Data(`{"a":{"x":9007199254740992,"y":[1,2.0]},"b":"é\n"}`)
	far := base
	far.Data = tenant.Data(`{"a":{"x":9007199254740993,"y":[1,2.0]},"b":"é\n"}`)
	if digest(near).Equal(digest(far)) {
		t.Error("two integers beyond 2^53 are one")
	}
}

func TestDigestRefusesWhatIsNoJSON(t *testing.T) {
	t.Parallel()
	var g tenant.DocumentsDigest
	if err := g.Add(&tenant.Document{ID: "a", Data: tenant.Data(`{"a":`)}); err == nil || g.Documents != 0 {
		t.Errorf("half a document counts: %v", err)
	}
}
