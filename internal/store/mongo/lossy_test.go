package mongo

import (
	"bytes"
	"context"
	"io"
	"net"
	"sync"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// lossy is a network that loses the answer of a command: the command reaches the server and takes effect, and the
// connection ends where the answer begins.
type lossy struct {
	mu      sync.Mutex
	command string
	lost    int
}

// options makes a client use the network.
func (l *lossy) options(c *options.ClientOptions) { c.SetDialer(l) }

// lose lets the answer of the next such command be lost.
func (l *lossy) lose(command string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.command, l.lost = command, 0
}

// count returns how many answers were lost since lose was called.
func (l *lossy) count() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.lost
}

// takes reports whether a message is the one whose answer is to be lost. The name of a command is the first key of the
// document that begins after the header of an OP_MSG, its flags and the kind of its section.
func (l *lossy) takes(message []byte) bool {
	const name = 16 + 4 + 1 + 4 + 1
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.command == "" || len(message) < name || !bytes.HasPrefix(message[name:], append([]byte(l.command), 0)) {
		return false
	}
	l.command = ""
	l.lost++
	return true
}

// DialContext implements options.ContextDialer.
func (l *lossy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return &lossyConn{Conn: conn, network: l}, nil
}

type lossyConn struct {
	net.Conn
	network *lossy

	mu   sync.Mutex
	last bool
}

// Write implements net.Conn.
func (c *lossyConn) Write(p []byte) (int, error) {
	if c.network.takes(p) {
		c.mu.Lock()
		c.last = true
		c.mu.Unlock()
	}
	return c.Conn.Write(p)
}

// Read implements net.Conn. When an answer that is to be lost has begun, the command has taken effect.
func (c *lossyConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.last && err == nil {
		_ = c.Close()
		return 0, io.ErrUnexpectedEOF
	}
	return n, err
}
