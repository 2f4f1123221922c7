package mongo

import (
	"bytes"
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// looks is how often something strange is looked at.
const looks = 4

// misled is a server that says it made a collection and did not: on the way to it the first creations name another one.
type misled struct {
	name string
	left atomic.Int64
}

// DialContext implements options.ContextDialer.
func (m *misled) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
	return misledConn{conn, m}, err
}

type misledConn struct {
	net.Conn
	by *misled
}

// Write implements net.Conn.
func (c misledConn) Write(p []byte) (int, error) {
	at := bytes.Index(p, []byte(c.by.name+"\x00"))
	if at < 0 || !bytes.Contains(p[:at], []byte("create\x00")) || c.by.left.Add(-1) < 0 {
		return c.Conn.Write(p)
	}
	other := bytes.Clone(p)
	other[at] = 'x'
	return c.Conn.Write(other)
}

// A collection that is not there although the server said that it made it is made again, and not for ever.
func TestCollectionThatWasNotMadeIsMadeAgain(t *testing.T) {
	for _, c := range []struct {
		misled int64
		works  bool
	}{{1, true}, {looks - 1, true}, {looks, false}} {
		place := newPlace()
		net := &misled{name: place.Placement.Namespace}
		net.left.Store(c.misled)
		db := openTest(t, Options{client: func(o *options.ClientOptions) { o.SetDialer(net) }})
		err := db.Store().Places.Create(t.Context(), place)
		if (err == nil) != c.works || net.left.Load() > 0 {
			t.Errorf("after %d creations of nothing: %v, and %d did not come", c.misled, err, net.left.Load())
		}
	}
}

// forgetful is a server in front of the engine that gives an old answer to the next commands of a kind.
type forgetful struct {
	kind string
	left atomic.Int64
	old  func(command bson.Raw) bson.D
}

func (f *forgetful) answer(command bson.Raw) bson.D {
	if kind, _ := name(command); kind != f.kind || f.left.Add(-1) < 0 {
		return nil
	}
	return f.old(command)
}

// listing is an answer to listCollections with a collection of the name.
func listing(collection string) bson.D {
	found := bson.D{e("name", collection), e("type", "collection"), e("info", bson.D{e("uuid", bson.Binary{Subtype: 4, Data: make([]byte, 16)})})}
	return bson.D{e("ok", 1), e("cursor", bson.D{e("id", int64(0)), e("ns", "orgd.$cmd.listCollections"), e("firstBatch", bson.A{found})})}
}

// What a server remembers wrongly for a moment refuses nobody: a collection that was renamed away, a name that is not taken. What
// is seen again and again is believed, and told once.
func TestOldAnswersRefuseNobody(t *testing.T) {
	for _, c := range []struct {
		times int64
		works bool
	}{{1, true}, {looks - 1, true}, {looks, false}} {
		for what, begin := range map[string]func(f *forgetful, to string){
			"a collection that is gone": func(f *forgetful, to string) {
				f.kind, f.old = "listCollections", func(bson.Raw) bson.D { return listing(to) }
			},
			"a name that is free": func(f *forgetful, _ string) {
				f.kind, f.old = "renameCollection", func(bson.Raw) bson.D { return failure(codeNamespaceExists, "target namespace exists") }
			},
		} {
			logs, f := &logbook{}, &forgetful{}
			server := actor{behind: engineHost(t), answer: f.answer}
			db := openTest(t, Options{URI: "mongodb://" + server.play(t) + "/?directConnection=true", Log: logs.logger()})
			place := settle(t, db)
			moved := place
			moved.Placement.Namespace = newPlace().Placement.Namespace
			begin(f, moved.Placement.Namespace)
			f.left.Store(c.times)
			err := db.Store().Places.Rename(t.Context(), place, moved)
			f.left.Store(0)
			if (err == nil) != c.works {
				t.Errorf("%s, %d times: %v", what, c.times, err)
			}
			if told := strings.Count(logs.String(), "is not orgd's"); told > 1 || told == 1 && c.works {
				t.Errorf("%s, %d times: told %d times", what, c.times, told)
			}
		}
	}
}
