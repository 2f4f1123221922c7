package mongo

import (
	"context"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// scan reads a whole home, n documents at a time.
func scan(t *testing.T, homes store.Homes, home store.Home, n int) (list []tenant.Document) {
	t.Helper()
	after := tenant.DocumentID("")
	for {
		page, err := homes.Scan(t.Context(), home, after, n)
		must(t, err)
		if len(page) == 0 {
			return list
		}
		list, after = append(list, page...), page[len(page)-1].ID
	}
}

// What an application has stored comes to another home as it was shown, and with its types.
func TestLoadWhatAnApplicationStored(t *testing.T) {
	db := idle(t, Options{})
	homes, from, to := db.Store().Transfer.Homes, settle(t, db), settle(t, db)
	kept := treasures(t)
	application(t, home(db, from), append(bson.D{e("_id", bson.NewObjectID()), e("deep", append(bson.D{e("n", 1)}, kept...))}, kept...))
	application(t, home(db, from), bson.D{e("_id", "dollars"), e("$odd", 1), e("a.b", bson.D{e("$date", "2020-01-01T00:00:00Z")}), e("", 2), e("text", bson.D{e("$numberInt", "1")})})
	first := scan(t, homes, store.Home{Place: from}, 9)
	for range 2 { // inserted, and replaced
		must(t, homes.Load(t.Context(), to, first))
		if second := scan(t, homes, store.Home{Place: to}, 9); !reflect.DeepEqual(first, second) {
			t.Fatalf("there is %+v, and was %+v", second, first)
		}
	}
	raw, err := home(db, to).FindOne(t.Context(), bson.M{"_id": string(first[0].ID)}).Raw()
	must(t, err)
	expected, err := bson.Marshal(kept)
	must(t, err)
	for _, at := range []map[string]bson.RawValue{members(raw), members(raw.Lookup("deep").Document())} {
		for _, el := range elements(expected) {
			before, after := el.Value(), at[el.Key()]
			if before.Type == bson.TypeInt64 { // that an application wanted more bytes than an integer takes does not show
				before.Type = bson.TypeInt32
			}
			if before.Type != after.Type {
				t.Errorf("%s was a %s and is a %s", el.Key(), before.Type, after.Type)
			}
		}
	}
}

// A document of orgd's comes over with all that is kept beside it, also out of the trash.
func TestLoadKeepsTheBookkeeping(t *testing.T) {
	db := idle(t, Options{})
	s, from, to := db.Store(), settle(t, db), settle(t, db)
	_, err := s.Documents.Insert(t.Context(), from.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{"n":[1]}`), WriteID: "w", CreatedAt: noon}, 0)
	must(t, err)
	must(t, patch(t, s.Documents, from, "doc", `{"m":"é"}`))
	must(t, s.Places.Trash(t.Context(), from, "op"))
	grave := store.Home{Place: tenant.Place{Org: from.Org}, Trash: "op"}
	list := scan(t, s.Transfer.Homes, grave, 1)
	must(t, s.Transfer.Homes.Load(t.Context(), to, list))
	got, err := s.Documents.Get(t.Context(), to.In(""), "doc")
	if err != nil || len(list) != 1 || got.Version != 2 || !reflect.DeepEqual(got, list[0]) {
		t.Errorf("there is %+v (%v), and was %+v", got, err, list)
	}
	usage, err := s.Documents.Usage(t.Context(), to)
	if err != nil || usage != (tenant.Usage{Documents: 1, Bytes: int64(len(got.Data))}) {
		t.Errorf("the usage is %+v (%v)", usage, err)
	}
	_, err = s.Transfer.Homes.Scan(t.Context(), store.Home{Place: from}, "", 9)
	want(t, tenant.CodeNotFound, err, "scan of a home that was trashed")
	grave.Place.Org = to.Org
	_, err = s.Transfer.Homes.Scan(t.Context(), grave, "", 9)
	want(t, tenant.CodeNotFound, err, "scan of another organization's trash")
}

// A document whose id shows like an ObjectId that is there takes its place, and is removed by its digits.
func TestLoadOverAnObjectID(t *testing.T) {
	db := idle(t, Options{})
	s, place := db.Store(), settle(t, db)
	object := bson.NewObjectID()
	id := tenant.DocumentID(object.Hex())
	application(t, home(db, place), bson.D{e("_id", object), e("n", 1)})
	docs := []tenant.Document{
		{ID: id, Version: 3, Data: tenant.Data(`{"n":2}`), WriteID: "w"},
		{ID: tenant.DocumentID(bson.NewObjectID().Hex()), Version: 1, Data: tenant.Data(`{"n":3}`), WriteID: "w"},
	}
	must(t, s.Transfer.Homes.Load(t.Context(), place, docs))
	if list := scan(t, s.Transfer.Homes, store.Home{Place: place}, 9); !reflect.DeepEqual(list, docs) {
		t.Errorf("there is %+v", list)
	}
	for _, doc := range docs {
		_, err := s.Documents.Get(t.Context(), place.In(""), doc.ID)
		must(t, err)
	}
	must(t, s.Transfer.Homes.Remove(t.Context(), place, []tenant.DocumentID{id, docs[1].ID, "nothing"}))
	if n, err := home(db, place).CountDocuments(t.Context(), bson.M{}); err != nil || n != 0 {
		t.Errorf("after Remove %d documents are left (%v)", n, err)
	}
}

// A document of another organization is neither read, replaced nor removed.
func TestHomesWithAnothersDocument(t *testing.T) {
	db := idle(t, Options{})
	homes, place := db.Store().Transfer.Homes, settle(t, db)
	application(t, home(db, place), bson.D{e("_id", "doc"), e("_orgd", bson.D{e("organization", tenant.NewID()), e("version", int64(1))})})
	doc := tenant.Document{ID: "doc", Version: 1, Data: tenant.Data(`{"n":1}`)}
	want(t, tenant.CodeConflict, homes.Load(t.Context(), place, []tenant.Document{doc}), "load")
	must(t, homes.Remove(t.Context(), place, []tenant.DocumentID{"doc"}))
	if list := scan(t, homes, store.Home{Place: place}, 9); len(list) != 0 {
		t.Errorf("the home has %+v", list)
	}
	if n, err := home(db, place).CountDocuments(t.Context(), bson.M{"n": nil}); err != nil || n != 1 {
		t.Errorf("the document is there %d times (%v), want once", n, err)
	}
}

// What no list shows is not left behind silently: such a home is not read at all.
func TestScanRefusesWhatNoListShows(t *testing.T) {
	db := idle(t, Options{})
	homes := db.Store().Transfer.Homes
	object := bson.NewObjectID()
	for name, ids := range map[string][]any{
		"a number": {1}, "a long": {int64(1)}, "a double": {1.5}, "nothing": {""}, "an object": {bson.D{e("a", 1)}}, "true": {true},
		"a date": {bson.DateTime(1)}, "binary": {bson.Binary{Subtype: 4, Data: []byte("0123456789abcdef")}},
		"a text like an ObjectId": {object, object.Hex()},
	} {
		place := settle(t, db)
		application(t, home(db, place), bson.D{e("_id", "doc")})
		_, err := homes.Scan(t.Context(), store.Home{Place: place}, "", 9)
		must(t, err)
		for _, id := range ids {
			application(t, home(db, place), bson.D{e("_id", id)})
		}
		_, err = homes.Scan(t.Context(), store.Home{Place: place}, "", 9)
		want(t, tenant.CodeConflict, err, "scan with the id "+name)
	}
}

// A text and an ObjectId that show alike are found where one page ends and the next one begins behind both.
func TestScanRefusesWhatLiesBetweenPages(t *testing.T) {
	db := idle(t, Options{})
	homes, place, object := db.Store().Transfer.Homes, settle(t, db), bson.NewObjectID()
	for _, id := range []any{"0", object.Hex(), object} {
		application(t, home(db, place), bson.D{e("_id", id)})
	}
	page, err := homes.Scan(t.Context(), store.Home{Place: place}, "", 2)
	must(t, err)
	_, err = homes.Scan(t.Context(), store.Home{Place: place}, page[1].ID, 2)
	want(t, tenant.CodeConflict, err, "the next page")
}

// homesOf returns the homes of an organization.
func homesOf(t *testing.T, homes store.Homes, org tenant.OrgID) (list []store.Home) {
	t.Helper()
	all, err := homes.All(t.Context())
	must(t, err)
	return slices.DeleteFunc(all, func(h store.Home) bool { return h.Place.Org != org })
}

// Whatever command of a creation or a move was the last before a crash, there is one home with all documents or none at all, and
// nothing is left once it has been trashed and dropped.
func TestHomesCutShort(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	places, homes := db.Store().Places, db.Store().Transfer.Homes
	for name, c := range map[string]struct {
		begin func(place tenant.Place)
		act   func(ctx context.Context, place tenant.Place) error
		docs  int // that the home has; -1 if they may be gone
	}{
		"create": {func(tenant.Place) {}, places.Create, 0},
		"rename": {fill(t, db), func(ctx context.Context, place tenant.Place) error {
			return places.Rename(ctx, place, renamed(place))
		}, 1},
		"trash": {fill(t, db), func(ctx context.Context, place tenant.Place) error { return places.Trash(ctx, place, "op") }, 1},
		"restore": {func(place tenant.Place) {
			fill(t, db)(place)
			must(t, places.Trash(t.Context(), place, "op"))
		}, func(ctx context.Context, place tenant.Place) error { return places.Restore(ctx, "op", place) }, 1},
		"drop": {func(place tenant.Place) {
			fill(t, db)(place)
			must(t, places.Trash(t.Context(), place, "op"))
		}, func(ctx context.Context, place tenant.Place) error { return places.Drop(ctx, place.Org, "op") }, -1},
	} {
		t.Run(name, func(t *testing.T) {
			for n, whole := 1, false; !whole; n++ {
				place := newPlace()
				c.begin(place)
				whole = s.cut(t, n, func(ctx context.Context) error { return c.act(ctx, place) })
				told := homesOf(t, homes, place.Org)
				if len(told) > 1 || len(told) == 0 && c.docs > 0 {
					t.Fatalf("cut after %d commands there are the homes %+v", n, told)
				}
				for _, h := range told {
					if list := scan(t, homes, h, 9); c.docs >= 0 && len(list) != c.docs {
						t.Errorf("cut after %d commands, %+v has %+v", n, h, list)
					}
					clear1(t, places, h)
				}
				if left := homesOf(t, homes, place.Org); len(left) > 0 {
					t.Errorf("cut after %d commands and cleared, there are %+v", n, left)
				}
				records, err := db.main.Collection("places").CountDocuments(t.Context(), bson.M{"organization": string(place.Org)})
				if err != nil || records > 0 {
					t.Errorf("cut after %d commands and cleared, there are %d records (%v)", n, records, err)
				}
			}
		})
	}
	if list, err := db.Orphans(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("in the end there are orphans: %q (%v)", list, err)
	}
}

// A home that was being thrown away when that was cut short, and is wanted after all, is made anew or goes on, and takes documents.
func TestHomesCutShortAndWanted(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	places, homes := db.Store().Places, db.Store().Transfer.Homes
	for n, whole := 1, false; !whole; n++ {
		place := newPlace()
		fill(t, db)(place)
		whole = s.cut(t, n, func(ctx context.Context) error {
			if err := places.Trash(ctx, place, "op"); err != nil {
				return err
			}
			return places.Drop(ctx, place.Org, "op")
		})
		told := homesOf(t, homes, place.Org)
		must(t, places.Create(t.Context(), place))
		for _, h := range told {
			if h.Trash != "" {
				must(t, places.Drop(t.Context(), place.Org, h.Trash))
			}
		}
		must(t, homes.Load(t.Context(), place, []tenant.Document{{ID: "new", Version: 1, Data: tenant.Data(`{}`)}}))
		list := scan(t, homes, store.Home{Place: place}, 9)
		if len(list) == 0 || list[len(list)-1].ID != "new" {
			t.Errorf("cut after %d commands and wanted, the home has %+v", n, list)
		}
		for _, h := range homesOf(t, homes, place.Org) {
			clear1(t, places, h)
		}
	}
	if list, err := db.Orphans(t.Context()); err != nil || len(list) > 0 {
		t.Errorf("in the end there are orphans: %q (%v)", list, err)
	}
}

// A restore that was cut short after its collection has come home is not undone by who clears the trash.
func TestDropAfterARestore(t *testing.T) {
	var s scissors
	db := idle(t, Options{client: s.options})
	places := db.Store().Places
	for n, whole := 1, false; !whole; n++ {
		place := newPlace()
		fill(t, db)(place)
		must(t, places.Trash(t.Context(), place, "op"))
		whole = s.cut(t, n, func(ctx context.Context) error { return places.Restore(ctx, "op", place) })
		told := homesOf(t, db.Store().Transfer.Homes, place.Org)
		must(t, places.Drop(t.Context(), place.Org, "op"))
		left := homesOf(t, db.Store().Transfer.Homes, place.Org)
		if atHome := told[0].Trash == ""; atHome != (len(left) == 1) || atHome && len(scan(t, db.Store().Transfer.Homes, left[0], 9)) != 1 {
			t.Errorf("cut after %d commands there was %+v, and after the trash was cleared %+v", n, told, left)
		}
	}
}

// fill makes a home with one document.
func fill(t *testing.T, db *DB) func(tenant.Place) {
	t.Helper()
	return func(place tenant.Place) {
		must(t, db.Store().Places.Create(t.Context(), place))
		_, err := db.Store().Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`), WriteID: "w"}, 0)
		must(t, err)
	}
}

// clear1 removes a home as a move of the installation does with one that it does not want.
func clear1(t *testing.T, places store.Places, h store.Home) {
	t.Helper()
	op := h.Trash
	if op == "" {
		op = "cleared"
		must(t, places.Trash(t.Context(), h.Place, op))
	}
	must(t, places.Drop(t.Context(), h.Place.Org, op))
}

// A creation that was cut short is not ended by taking what somebody else has filled meanwhile.
func TestHomeThatAStrangerFilled(t *testing.T) {
	db := idle(t, Options{})
	place := newPlace()
	at, err := db.owners.home(place)
	must(t, err)
	_, err = db.owners.claim(t.Context(), at, owning(place.Org, tenant.NewID()))
	must(t, err)
	if list := homesOf(t, db.Store().Transfer.Homes, place.Org); len(list) != 1 {
		t.Errorf("the homes are %+v, want the one that was being made", list)
	}
	application(t, home(db, place), bson.D{e("_id", "doc")})
	want(t, tenant.CodeConflict, db.Store().Places.Trash(t.Context(), place, "op"), "trash")
	if n, err := home(db, place).CountDocuments(t.Context(), bson.M{}); err != nil || n != 1 {
		t.Errorf("the stranger's document is there %d times (%v), want once", n, err)
	}
}

// A page of large documents has no more of them than the bound, and the next one goes on.
func TestScanInPages(t *testing.T) {
	db := idle(t, Options{})
	homes, place := db.Store().Transfer.Homes, settle(t, db)
	var docs []tenant.Document
	for i := range 3 {
		data := tenant.Data(`{"s":"` + strings.Repeat("x", store.PageBytes/2) + `"}`)
		docs = append(docs, tenant.Document{ID: tenant.DocumentID(fmt.Sprint(i)), Version: 1, Data: data, WriteID: "w", CreatedAt: noon.Add(time.Second)})
	}
	must(t, homes.Load(t.Context(), place, docs))
	page, err := homes.Scan(t.Context(), store.Home{Place: place}, "", 9)
	if err != nil || len(page) != 1 {
		t.Errorf("the first page has %d documents (%v), want 1", len(page), err)
	}
	if list := scan(t, homes, store.Home{Place: place}, 9); !reflect.DeepEqual(list, docs) {
		t.Errorf("the home has %d documents, want the 3 as they were", len(list))
	}
}
