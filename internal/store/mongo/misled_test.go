package mongo

import (
	"bytes"
	"context"
	"net"
	"sync/atomic"
	"testing"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

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
	}{{1, true}, {createAttempts - 1, true}, {createAttempts, false}} {
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
