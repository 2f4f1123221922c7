package mongo

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// whereabouts is what the catalog says of where one organization's data is.
type whereabouts struct {
	ID        string       `bson:"_id"`
	Placement placementDoc `bson:"placement"`
	Trash     string       `bson:"trash"` // the operation that moved the data there
	Op        *struct {
		ID string `bson:"id"`
	} `bson:"op"`
}

// mayHave reports whether data under that name can be the organization's. While an operation moves it, any name can.
func (w whereabouts) mayHave(collection string) bool {
	return w.Op != nil || collection == w.Placement.Namespace || collection == gravePrefix+w.ID+"_"+w.Trash
}

// Orphans returns what lies in the databases and belongs to no organization, one line each and in order: collections named
// org_* and trash_*, and records of owners. There are none unless somebody put them there, or a defect left them; nothing
// is ever touched. What is on its way at that moment may be among them: only what a second look finds too counts.
func (db *DB) Orphans(ctx context.Context) (orphans []string, err error) {
	err = db.survey().read(ctx, func(ctx context.Context) error {
		// In this order: an organization is there before its record, and that before its collection.
		collections, err := db.collections(ctx)
		if err != nil {
			return err
		}
		records, err := allOf(ctx, db, "places", bson.M{}, func(d ownerDoc) string { return d.ID })
		if err != nil {
			return err
		}
		fields := bson.M{"placement": 1, "trash": 1, "op.id": 1}
		organizations, err := allOf(ctx, db, "organizations", fields, func(w whereabouts) string { return w.ID })
		if err != nil {
			return err
		}
		orphans = append(unrecorded(collections, records), unowned(records, organizations)...)
		return nil
	})
	return orphans, err
}

// unrecorded tells of collections that are not the ones of their names' records.
func unrecorded(collections map[string]identity, records map[string]ownerDoc) (lines []string) {
	for _, id := range slices.Sorted(maps.Keys(collections)) {
		record, ok := records[id]
		switch {
		case !ok:
			lines = append(lines, fmt.Sprintf("collection %s: it has no owner record", id))
		case record.State == ready && !collections[id].is(record.UUID):
			lines = append(lines, fmt.Sprintf("collection %s: it is not the one that was made for organization %s", id, record.Organization))
		}
	}
	return lines
}

// unowned tells of records whose organization does not exist, or has its data elsewhere.
func unowned(records map[string]ownerDoc, organizations map[string]whereabouts) (lines []string) {
	for _, id := range slices.Sorted(maps.Keys(records)) {
		record := records[id]
		org, ok := organizations[record.Organization]
		switch {
		case !ok:
			lines = append(lines, fmt.Sprintf("collection %s: its organization %s does not exist", id, record.Organization))
		case !org.mayHave(record.Collection):
			lines = append(lines, fmt.Sprintf("collection %s: its organization %s has its data elsewhere", id, record.Organization))
		}
	}
	return lines
}

// collections returns those in the main database that are named as tenants' are, by their full names.
func (db *DB) collections(ctx context.Context) (map[string]identity, error) {
	found := map[string]identity{}
	named := bson.M{"name": bson.M{"$regex": "^(" + homePrefix + "|" + gravePrefix + ")"}}
	list, err := db.main.ListCollectionSpecifications(ctx, named)
	for _, spec := range list {
		id := namespace{db.main.Name(), spec.Name}.id()
		found[id] = identity{}
		if spec.UUID != nil {
			found[id] = spec.UUID.Data
		}
	}
	return found, err
}

// allOf reads the living documents of a collection of the catalog, all at once.
func allOf[D any](ctx context.Context, db *DB, name string, fields bson.M, key func(D) string) (map[string]D, error) {
	all := map[string]D{}
	o := options.Find().SetProjection(fields)
	err := each(ctx, db.main.Collection(name), bson.M{fieldLayout: living()}, o, func(raw bson.Raw) error {
		var d D
		err := bson.Unmarshal(raw, &d)
		all[key(d)] = d
		return err
	})
	return all, err
}
