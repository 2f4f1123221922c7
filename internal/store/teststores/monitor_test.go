package teststores

import (
	"context"
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"github.com/orgd/orgd/internal/tenant"
)

// sent is one command as the driver tells of it.
type sent struct {
	by      tenant.OrgID // whom the call names; "" is nobody
	command bson.D
	failed  bool
}

// hear lets a monitor hear of commands, one after the other, and returns what it finds.
func hear(t *testing.T, commands ...sent) []string {
	t.Helper()
	m := newMonitor()
	heard := m.commands()
	for i, c := range commands {
		raw, err := bson.Marshal(c.command)
		if err != nil {
			t.Fatal(err)
		}
		ctx := t.Context()
		if c.by != "" {
			ctx = name(ctx, c.by)
		}
		id, command := int64(i), c.command[0].Key
		heard.Started(ctx, &event.CommandStartedEvent{Command: raw, DatabaseName: "db", CommandName: command, RequestID: id})
		finished := event.CommandFinishedEvent{CommandName: command, DatabaseName: "db", RequestID: id}
		if c.failed {
			heard.Failed(ctx, &event.CommandFailedEvent{CommandFinishedEvent: finished, Failure: context.DeadlineExceeded})
			continue
		}
		heard.Succeeded(ctx, &event.CommandSucceededEvent{CommandFinishedEvent: finished})
	}
	return m.violations()
}

func on(command, collection string, more ...bson.E) bson.D {
	return append(bson.D{{Key: command, Value: collection}}, more...)
}

func rename(from, to string) bson.D {
	return bson.D{{Key: "renameCollection", Value: "db." + from}, {Key: "to", Value: "db." + to}}
}

func pipeline(stage bson.D) bson.E { return bson.E{Key: "pipeline", Value: bson.A{stage}} }

// Every command but the last is in order. So is the last one where no violation is told.
func TestMonitor(t *testing.T) {
	t.Parallel()
	made := []sent{{by: "a", command: on("create", "org_a")}, {by: "b", command: on("create", "org_b")}}
	within := bson.D{{Key: "$facet", Value: bson.D{{Key: "x", Value: bson.A{
		bson.D{{Key: "$lookup", Value: bson.D{{Key: "from", Value: "org_b"}, {Key: "as", Value: "x"}}}},
	}}}}}
	into := func(v any) bson.E { return pipeline(bson.D{{Key: "$merge", Value: bson.D{{Key: "into", Value: v}}}}) }
	for name, c := range map[string]struct {
		more []sent
		want string // a part of the violation
	}{
		"its own":                     {[]sent{{by: "a", command: on("find", "org_a")}}, ""},
		"its own further one":         {[]sent{{by: "a", command: on("create", "org_a.x")}, {by: "a", command: on("find", "org_a.x")}}, ""},
		"the catalog's":               {[]sent{{command: on("find", "organizations")}, {command: on("insert", "audit")}}, ""},
		"none":                        {[]sent{{command: on("ping", "")}, {command: on("listCollections", "org_b")}}, ""},
		"one that nobody made":        {[]sent{{by: "a", command: on("find", "org_c")}}, ""},
		"another's, reading":          {[]sent{{by: "a", command: on("find", "org_b")}}, "find of db.org_b, which is b's, in a call that names a"},
		"another's, writing":          {[]sent{{by: "a", command: on("insert", "org_b")}}, "insert of db.org_b"},
		"another's, counting":         {[]sent{{by: "a", command: on("count", "org_b")}}, "count of db.org_b"},
		"another's, going on":         {[]sent{{by: "a", command: bson.D{{Key: "getMore", Value: int64(7)}, {Key: "collection", Value: "org_b"}}}}, "getMore of db.org_b"},
		"another's, dropping":         {[]sent{{by: "a", command: on("drop", "org_b")}}, "drop of db.org_b"},
		"another's, making it anew":   {[]sent{{by: "a", command: on("create", "org_b")}}, "create of db.org_b"},
		"another's, moving it":        {[]sent{{by: "a", command: rename("org_b", "org_c")}}, "renameCollection of db.org_b"},
		"another's, moving onto it":   {[]sent{{by: "a", command: rename("org_a", "org_b")}}, "renameCollection of db.org_b"},
		"another's, joined":           {[]sent{{by: "a", command: on("aggregate", "org_a", pipeline(within))}}, "aggregate of db.org_b"},
		"another's, united":           {[]sent{{by: "a", command: on("aggregate", "org_a", pipeline(bson.D{{Key: "$unionWith", Value: "org_b"}}))}}, "aggregate of db.org_b"},
		"another's, merged into":      {[]sent{{by: "a", command: on("aggregate", "org_a", into("org_b"))}}, "aggregate of db.org_b"},
		"another's, from elsewhere":   {[]sent{{by: "a", command: on("aggregate", "org_a", into(bson.D{{Key: "coll", Value: "org_b"}, {Key: "db", Value: "db"}}))}}, "aggregate of db.org_b"},
		"anybody's, for nobody":       {[]sent{{command: on("find", "org_a")}}, "find of db.org_a outside a call"},
		"one of nobody's, for nobody": {[]sent{{command: on("find", "org_c")}}, "find of db.org_c outside a call"},
		"a new one, for nobody":       {[]sent{{command: on("create", "org_c")}}, "create of db.org_c outside a call"},
		"a command that is new":       {[]sent{{by: "a", command: on("bulkWrite", "org_a")}}, "does not know where the command bulkWrite"},
		"a name that was freed": {[]sent{
			{by: "a", command: rename("org_a", "org_c")}, {by: "b", command: rename("org_b", "org_a")}, {by: "b", command: on("find", "org_a")},
		}, ""},
		"a collection that moved": {[]sent{{by: "b", command: rename("org_b", "org_c")}, {by: "a", command: on("find", "org_c")}}, "find of db.org_c"},
		"a collection in the trash": {[]sent{
			{by: "b", command: rename("org_b", "trash_b_1")}, {by: "a", command: on("drop", "trash_b_1")},
		}, "drop of db.trash_b_1"},
		"a name after a drop":     {[]sent{{by: "b", command: on("drop", "org_b")}, {by: "a", command: on("create", "org_b")}}, ""},
		"one that an insert made": {[]sent{{by: "a", command: on("insert", "org_c")}, {by: "b", command: on("find", "org_c")}}, "find of db.org_c"},
		"one that an upsert made": {[]sent{
			{by: "a", command: on("update", "org_c", bson.E{Key: "updates", Value: bson.A{bson.D{{Key: "upsert", Value: true}}}})},
			{by: "b", command: on("find", "org_c")},
		}, "find of db.org_c"},
		"one that no update made": {[]sent{
			{by: "a", command: on("update", "org_c", bson.E{Key: "updates", Value: bson.A{bson.D{{Key: "multi", Value: true}}}})},
			{by: "b", command: on("find", "org_c")},
		}, ""},
		"a name that may be free, reading": {[]sent{
			{by: "b", command: rename("org_b", "org_c"), failed: true}, {by: "a", command: on("find", "org_b")},
		}, "find of db.org_b"},
		"a name that may be free, making it": {[]sent{
			{by: "b", command: rename("org_b", "org_c"), failed: true}, {by: "a", command: on("create", "org_b")},
		}, ""},
		"a name that may be taken": {[]sent{
			{by: "b", command: rename("org_b", "org_c"), failed: true}, {by: "a", command: on("find", "org_c")},
		}, "find of db.org_c"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			found := hear(t, append(made[:2:2], c.more...)...)
			if c.want == "" && len(found) > 0 || c.want != "" && (len(found) != 1 || !strings.Contains(found[0], c.want)) {
				t.Errorf("found %q, want %q", found, c.want)
			}
		})
	}
}

func TestMonitorThatSeesNothingComplains(t *testing.T) {
	t.Parallel()
	if found := newMonitor().violations(); len(found) != 1 {
		t.Errorf("found %q, want that nothing was seen", found)
	}
}
