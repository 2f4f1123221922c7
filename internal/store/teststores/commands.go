package teststores

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// use is what a command does to collections, whose names are database.collection.
type use struct {
	// names are all that it reads or changes.
	names []string
	// makes is the one that is there once it has succeeded, be it by this command or before.
	makes string
	// frees is the one that is not there any more once it has succeeded.
	frees string
}

// The commands, by the places in them where collections are named. One that is in none of the lists is a violation by
// itself: somebody must say where it names collections.
var (
	// Their own value names one.
	commandsOnOne = []string{
		"aggregate", "collMod", "collStats", "count", "create", "createIndexes", "delete", "distinct", "drop", "dropIndexes",
		"find", "findAndModify", "insert", "killCursors", "listIndexes", "update",
	}
	// Those of them that make the collection if it is missing; upserts do, too.
	commandsThatMake = []string{"create", "createIndexes", "insert"}
	// They name none, or none by its content.
	commandsOnNone = []string{
		"buildInfo", "connectionStatus", "dbStats", "dropDatabase", "endSessions", "getParameter", "hello", "isMaster",
		"listCollections", "listDatabases", "ping", "saslContinue", "saslStart", "serverStatus",
	}
)

// usesOf returns what a command does, or false for one that nobody has thought of.
func usesOf(database, command string, body bson.Raw) (u use, known bool) {
	value, _ := body.Lookup(command).StringValueOK()
	switch {
	case slices.Contains(commandsOnNone, command):
	case command == "getMore":
		value, _ = body.Lookup("collection").StringValueOK()
		u.names = []string{database + "." + value}
	case command == "renameCollection":
		to, _ := body.Lookup("to").StringValueOK()
		u = use{names: []string{value, to}, makes: to, frees: value}
	case slices.Contains(commandsOnOne, command):
		full := database + "." + value
		u.names = []string{full}
		if slices.Contains(commandsThatMake, command) || upserts(body) {
			u.makes = full
		}
		if command == "drop" {
			u.frees = full
		}
		if command == "aggregate" {
			u.names = append(u.names, ofPipeline(database, body.Lookup("pipeline"))...)
		}
	default:
		return u, false
	}
	return u, true
}

// upserts reports whether a findAndModify or one of the changes of an update may insert.
func upserts(body bson.Raw) bool {
	changes, _ := body.Lookup("updates").ArrayOK()
	values, _ := changes.Values()
	for _, change := range values {
		if change, ok := change.DocumentOK(); ok && upserts(change) {
			return true
		}
	}
	upsert, _ := body.Lookup("upsert").BooleanOK()
	return upsert
}

// stageFields name another collection of the same database in the stages of a pipeline: $lookup, $graphLookup, $unionWith,
// $merge and $out.
var stageFields = []string{"from", "coll", "into", "$unionWith", "$merge", "$out"}

// ofPipeline returns the collections that the stages of a pipeline name, at whatever depth.
func ofPipeline(database string, v bson.RawValue) (names []string) {
	raw, isDocument := v.DocumentOK()
	if array, isArray := v.ArrayOK(); isArray {
		raw, isDocument = bson.Raw(array), true
	}
	elements, err := raw.Elements()
	if !isDocument || err != nil {
		return nil
	}
	if other, ok := raw.Lookup("db").StringValueOK(); ok {
		database = other
	}
	for _, element := range elements {
		if name, ok := element.Value().StringValueOK(); ok && slices.Contains(stageFields, element.Key()) {
			names = append(names, database+"."+name)
		}
		names = append(names, ofPipeline(database, element.Value())...)
	}
	return names
}

// ofTenant reports whether a collection is a tenant's by its name: in use, or in the trash.
func ofTenant(full string) bool {
	_, collection, _ := strings.Cut(full, ".")
	return strings.HasPrefix(collection, "org_") || strings.HasPrefix(collection, "trash_")
}
