package mongo

import (
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// A server that tries a rename again within itself says that the target exists, since it moved the collection there itself. That
// is no stranger's collection, and the move goes on.
func TestRenameThatTheServerMadeTwice(t *testing.T) {
	direct := openTest(t, Options{})
	server := actor{behind: engineHost(t), answer: func(command bson.Raw) bson.D {
		from, isRename := command.Lookup("renameCollection").StringValueOK()
		if !isRename {
			return nil
		}
		rename := bson.D{e("renameCollection", from), e("to", command.Lookup("to").StringValue())}
		if err := direct.client.Database("admin").RunCommand(t.Context(), rename).Err(); err != nil {
			t.Errorf("the rename: %v", err)
		}
		return failure(codeNamespaceExists, "target namespace exists")
	}}
	db := openTest(t, Options{URI: "mongodb://" + server.play(t) + "/?directConnection=true"})
	place := settle(t, db)
	_, err := db.Store().Documents.Insert(t.Context(), place.In(""), tenant.Document{ID: "doc", Data: tenant.Data(`{}`)}, 0)
	must(t, err)
	moved := place
	moved.Placement.Namespace = newPlace().Placement.Namespace
	must(t, db.Store().Places.Rename(t.Context(), place, moved))
	must(t, db.Store().Places.Trash(t.Context(), moved, "op"))
	must(t, db.Store().Places.Restore(t.Context(), "op", place))
	_, err = db.Store().Documents.Get(t.Context(), place.In(""), "doc")
	must(t, err)
}
