package mongo

import (
	"maps"
	"slices"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// actDoc is an audit entry as documents hold it: in the log, in an outbox, in an operation. Details are a list of pairs,
// since their names may be such as no field can bear.
type actDoc struct {
	Organization string         `bson:"organization"`
	Actor        actorDoc       `bson:"actor"`
	Action       string         `bson:"action"`
	Target       string         `bson:"target,omitempty"`
	At           *bson.DateTime `bson:"at,omitempty"`
	Address      string         `bson:"address,omitempty"`
	RequestID    string         `bson:"request_id,omitempty"`
	Outcome      string         `bson:"outcome,omitempty"`
	Detail       []detailDoc    `bson:"detail,omitempty"`
	Seq          int64          `bson:"seq,omitempty"`
	PrevHash     string         `bson:"prev_hash,omitempty"`
}

type actorDoc struct {
	Kind    string `bson:"kind,omitempty"`
	ID      string `bson:"id,omitempty"`
	Session string `bson:"session,omitempty"`
}

type detailDoc struct {
	Name  string `bson:"name"`
	Value string `bson:"value"`
}

// packAct returns the document of an entry, without its id.
func packAct(entry tenant.AuditEntry) actDoc {
	d := actDoc{
		Organization: string(entry.Org), Action: entry.Action, Target: entry.Target, At: moment(entry.At), Address: entry.Address,
		RequestID: entry.RequestID, Outcome: string(entry.Outcome), Seq: entry.Seq, PrevHash: entry.PrevHash,
		Actor: actorDoc{string(entry.Actor.Kind), entry.Actor.ID, string(entry.Actor.Session)},
	}
	for _, name := range slices.Sorted(maps.Keys(entry.Detail)) {
		d.Detail = append(d.Detail, detailDoc{name, entry.Detail[name]})
	}
	return d
}

// unpack returns the entry with the id.
func (d *actDoc) unpack(id string) tenant.AuditEntry {
	entry := tenant.AuditEntry{
		ID: tenant.EntryID(id), Org: tenant.OrgID(d.Organization), Action: d.Action, Target: d.Target, At: timeOf(d.At), Address: d.Address,
		RequestID: d.RequestID, Outcome: tenant.Outcome(d.Outcome), Seq: d.Seq, PrevHash: d.PrevHash,
		Actor: tenant.Actor{Kind: tenant.ActorKind(d.Actor.Kind), ID: d.Actor.ID, Session: tenant.SessionID(d.Actor.Session)},
	}
	for _, pair := range d.Detail {
		if entry.Detail == nil {
			entry.Detail = map[string]string{}
		}
		entry.Detail[pair.Name] = pair.Value
	}
	return entry
}

// letter is an audit entry in an outbox.
type letter struct {
	ID  string `bson:"id"`
	Act actDoc `bson:",inline"`
	// Posted is when it was put there, in nanoseconds: entries of one organization lie in several documents, and go to the
	// log in this order.
	Posted int64 `bson:"posted"`
}

// outbox holds the entries of one document, oldest first.
type outbox []*letter

// The bounds of an outbox. A document of MongoDB has 16 MiB at most, and one that grows by its log is slow to write.
const (
	maxLetters     = 64
	maxOutboxBytes = 256 << 10
)

// readOutbox returns the outbox of a document.
func readOutbox(raw bson.Raw) (outbox, error) {
	var d struct {
		Outbox outbox `bson:"outbox"`
	}
	return d.Outbox, bson.Unmarshal(raw, &d)
}

// full reports whether there is no room for one more. An empty one takes what comes.
func (o outbox) full(next *letter) bool {
	size := next.size()
	for _, l := range o {
		size += l.size()
	}
	return len(o) >= maxLetters || len(o) > 0 && size > maxOutboxBytes
}

// size is about how many bytes a letter takes.
func (l *letter) size() int {
	n := 300 + len(l.Act.Action) + len(l.Act.Target) + len(l.Act.Address) + len(l.Act.RequestID)
	for _, pair := range l.Act.Detail {
		n += 32 + len(pair.Name) + len(pair.Value)
	}
	return n
}

// of returns the entries of one organization.
func (o outbox) of(org string) outbox {
	return slices.DeleteFunc(slices.Clone(o), func(l *letter) bool { return l.Act.Organization != org })
}

// until returns the entries that were posted until then, with those before them, whatever the clock said that posted
// those: the entries of one document go to the log in the order of its changes. Zero is all.
func (o outbox) until(then int64) outbox {
	n := len(o)
	for then != 0 && n > 0 && o[n-1].Posted > then {
		n--
	}
	return o[:n]
}

// ids returns the ids of the entries.
func (o outbox) ids() []string {
	ids := make([]string, len(o))
	for i, l := range o {
		ids[i] = l.ID
	}
	return ids
}
