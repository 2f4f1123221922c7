package e2e

import (
	"net/http"
	"reflect"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/api"
)

// TestCollectionOfNobody has collections where organizations' data would go, which orgd has not made: creations and renames
// to their names are refused with one line in the log each, leave nothing behind, and touch nothing in them.
// Once a collection is gone, so is the obstacle.
func TestCollectionOfNobody(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore, "ORGD_THROTTLE=off")
	ada := s.found("Acme", "ada@acme.example")
	ada.write("plan", fields{"n": 1}).is(http.StatusCreated)
	l := lookAt(t, s)
	strange := bson.D{{Key: "_id", Value: "doc"}, {Key: "n", Value: int32(7)}}
	for _, name := range []string{"org_zenith", "org_nadir"} {
		_, err := l.main.Collection(name).InsertOne(l.ctx, strange)
		must(t, err)
	}
	uuids := l.collections(l.main)

	for _, act := range []struct {
		collection string
		refused    func() answer
	}{
		{"org_zenith", func() answer { return s.stranger().create("Zenith", "zoe@zenith.example", goodPassword) }},
		{"org_nadir", func() answer { return ada.renameTo("Nadir") }},
	} {
		s.log.take()
		act.refused().refused(http.StatusConflict, api.CodeConflict)
		told := 0
		for line := range strings.Lines(s.log.String()) {
			if !strings.Contains(line, "level=INFO") && strings.Contains(line, act.collection) {
				told++
			}
		}
		if told != 1 {
			t.Errorf("%d lines tell of %s, want 1, in\n%s", told, act.collection, s.log.String())
		}
	}
	if now := l.collections(l.main); !reflect.DeepEqual(now, uuids) {
		t.Errorf("the collections were %v and are %v", uuids, now)
	}
	for _, name := range []string{"org_zenith", "org_nadir"} {
		if docs := all[bson.D](l, l.main, name); !reflect.DeepEqual(docs, []bson.D{strange}) {
			t.Errorf("in %s there is %v, want %v", name, docs, strange)
		}
	}
	s.stranger().lookup("Zenith").is(http.StatusNotFound)
	s.stranger().lookup("Nadir").is(http.StatusNotFound)
	s.stranger().login("zoe@zenith.example", goodPassword).is(http.StatusUnauthorized)
	s.stranger().lookup("Acme").is(http.StatusOK)
	ada.read("plan").is(http.StatusOK)

	must(t, l.main.Collection("org_zenith").Drop(l.ctx))
	must(t, l.main.Collection("org_nadir").Drop(l.ctx))
	zoe := s.found("Zenith", "zoe@zenith.example")
	ada.renameTo("Nadir").is(http.StatusOK)
	ada.read("plan").is(http.StatusOK)
	s.stop()
	left := mongoStore.inspect(t, s)
	if len(left.strays) != 0 || len(left.homes) != 2 {
		t.Errorf("the data lies in %v, strays are %v", left.homes, left.strays)
	}
	for _, id := range []string{ada.org.ID, zoe.org.ID} {
		if _, err := left.actions(id); err != nil {
			t.Errorf("the audit log: %v", err)
		}
	}
}
