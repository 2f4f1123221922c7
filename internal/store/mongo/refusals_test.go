package mongo

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/binary"
	"encoding/pem"
	"io"
	"net"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// actor is a server that answers commands as a test wants.
type actor struct {
	// is are members of its answer to hello.
	is bson.D
	// answer is what it answers to another command; nil is that it goes on to the server behind, or ok if there is none.
	answer func(command bson.Raw) bson.D
	behind string
	// tls is how it speaks TLS; nil is not at all.
	tls *tls.Config
}

// play lets the server listen until the test ends, and returns its address.
func (a *actor) play(t *testing.T) string {
	t.Helper()
	listener, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	must(t, err)
	if a.tls != nil {
		listener = tls.NewListener(listener, a.tls)
	}
	var all sync.WaitGroup
	all.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			all.Go(func() { a.serve(conn) })
		}
	})
	t.Cleanup(func() {
		_ = listener.Close()
		all.Wait()
	})
	return listener.Addr().String()
}

// serve answers what comes over one connection until that ends.
func (a *actor) serve(conn net.Conn) {
	defer func() { _ = conn.Close() }()
	if a.behind == "" {
		for a.turn(conn, nil) == nil {
		}
		return
	}
	behind, err := new(net.Dialer).DialContext(context.Background(), "tcp", a.behind)
	if err != nil {
		return
	}
	defer func() { _ = behind.Close() }()
	for a.turn(conn, behind) == nil {
	}
}

// turn answers one message, or passes it on and the answer back.
func (a *actor) turn(conn, behind net.Conn) error {
	message, err := readMessage(conn)
	if err != nil {
		return err
	}
	var answer bson.D
	command := readCommand(message)
	kind, _ := name(command)
	switch greeting := strings.EqualFold(kind, "hello") || strings.EqualFold(kind, "isMaster"); {
	case greeting && behind == nil:
		answer = append(bson.D{
			e("ok", 1), e("maxBsonObjectSize", 16<<20), e("maxMessageSizeBytes", 48_000_000),
			e("maxWriteBatchSize", 100_000), e("minWireVersion", 0), e("maxWireVersion", 21),
		}, a.is...)
		answer = append(answer, e("hosts", bson.A{conn.LocalAddr().String()}), e("me", conn.LocalAddr().String()))
	case a.answer != nil && !greeting && kind != "ping":
		answer = a.answer(command)
	}
	switch {
	case answer != nil:
		_, err = conn.Write(replyTo(message, answer))
	case behind == nil:
		_, err = conn.Write(replyTo(message, bson.D{e("ok", 1)}))
	default:
		if _, err = behind.Write(message); err == nil {
			message, err = readMessage(behind)
		}
		if err == nil {
			_, err = conn.Write(message)
		}
	}
	return err
}

// header is how long the header of a message is: its length, its id, the id that it answers, and its kind, 4 bytes each.
const header = 16

// The kinds of messages. A client begins with an opQuery, which an opReply answers; the rest are opMsg.
const (
	opReply uint32 = 1
	opQuery uint32 = 2004
	opMsg   uint32 = 2013
)

// readMessage reads one message of the wire protocol.
func readMessage(conn net.Conn) ([]byte, error) {
	var length [4]byte
	if _, err := io.ReadFull(conn, length[:]); err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(length[:])
	if n < header || n > 48<<20 {
		return nil, io.ErrUnexpectedEOF // it speaks something else, such as TLS
	}
	message := make([]byte, n)
	copy(message, length[:])
	_, err := io.ReadFull(conn, message[4:])
	return message, err
}

// kindOf returns the kind of a message.
func kindOf(message []byte) uint32 { return binary.LittleEndian.Uint32(message[12:]) }

// readCommand returns the command in a message.
func readCommand(message []byte) bson.Raw {
	rest := message[header+4:] // flags
	if kindOf(message) == opQuery {
		rest = rest[bytes.IndexByte(rest, 0)+1+8:] // the collection, how many to skip and to return
	} else {
		rest = rest[1:] // the kind of the first section
	}
	return bson.Raw(rest[:binary.LittleEndian.Uint32(rest)])
}

// replyTo returns the message that answers another one.
func replyTo(message []byte, answer bson.D) []byte {
	document, err := bson.Marshal(answer)
	if err != nil {
		panic(err)
	}
	kind, before := opMsg, make([]byte, 5) // flags, the kind of the section
	if kindOf(message) == opQuery {
		kind, before = opReply, append(make([]byte, 0, 20), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0) // so many documents
	}
	reply := binary.LittleEndian.AppendUint32(nil, uint32(header+len(before)+len(document)))
	reply = append(reply, 0, 0, 0, 0)
	reply = append(reply, message[4:8]...)
	reply = binary.LittleEndian.AppendUint32(reply, kind)
	return slices.Concat(reply, before, document)
}

// failure is the answer of a server that refuses a command.
func failure(code int, message string) bson.D {
	return bson.D{e("ok", 0), e("errmsg", message), e("code", code)}
}

var (
	// primary is what a standalone server says of itself, secondary what a member of a replica set says that takes no writes.
	// The hosts, which are added, are for the latter.
	primary   = bson.D{e("isWritablePrimary", true), e("ismaster", true)}
	secondary = bson.D{e("isWritablePrimary", false), e("ismaster", false), e("secondary", true), e("setName", "rs")}
)

// wantRefusal opens a store and complains unless it is refused in one line that says so and tells no secret.
func wantRefusal(t *testing.T, uri, says string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	_, err := Open(ctx, Options{URI: uri, Database: "orgd"})
	if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "s3cret") || strings.Contains(err.Error(), "\n") {
		t.Errorf("the refusal is %v, want one line with %q", err, says)
	}
	if code := tenant.CodeOf(err); code != tenant.CodeUnavailable && code != tenant.CodeInvalid {
		t.Errorf("the refusal has code %s", code)
	}
}

// Where nothing can be reached, the line says what to look at first.
func TestStartWithoutAServer(t *testing.T) {
	t.Parallel()
	standby, old := actor{is: secondary}, actor{is: append(bson.D{e("maxWireVersion", 3)}, primary...)}
	lone := standby.play(t)
	for name, c := range map[string]struct{ uri, says string }{
		"no URI":                 {"sqlite:./data", "mongodb://user:password@host"},
		"no port":                {"mongodb://ada:s3cret@host:port/", "mongodb://user:password@host"},
		"a password with a sign": {"mongodb://ada:s3cret@x@host/", "escape signs in the password"},
		"an unknown option":      {"mongodb://ada:s3cret@host/?maxPoolSize=many", "options"},
		"no such CA file":        {"mongodb://ada:s3cret@host/?tls=true&tlsCAFile=/nowhere/ca.pem", "the file /nowhere/ca.pem that the store's URI names"},
		"no such host":           {"mongodb://ada:s3cret@nowhere.invalid/", "nowhere.invalid"},
		"no such record":         {"mongodb+srv://ada:s3cret@nowhere.invalid/", "nowhere.invalid"},
		"nobody there":           {"mongodb://ada:s3cret@127.0.0.1:1/", "cannot be reached at 127.0.0.1:1; check host and port"},
		"no primary":             {"mongodb://" + lone + "/?replicaSet=rs", "primary that takes writes"},
		"a secondary":            {"mongodb://" + lone + "/?directConnection=true", "primary that takes writes"},
		"another replica set":    {"mongodb://" + lone + "/?replicaSet=other", "check replicaSet"},
		"an old server":          {"mongodb://" + old.play(t), "wire version"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, c.uri, c.says)
		})
	}
}

// certificate returns the TLS of a server whose certificate is signed by an authority that nobody knows, and a file with the
// certificate of that authority.
func certificate(t *testing.T) (server *tls.Config, authority string) {
	t.Helper()
	https := httptest.NewTLSServer(nil)
	defer https.Close()
	authority = filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: https.Certificate().Raw})
	must(t, os.WriteFile(authority, block, 0o600))
	return &tls.Config{Certificates: https.TLS.Certificates, MinVersion: tls.VersionTLS12}, authority
}

// Trouble with TLS is told as such on whichever side it is.
func TestStartWithTroubledTLS(t *testing.T) {
	t.Parallel()
	plain, secured := actor{is: primary}, actor{is: primary, answer: func(bson.Raw) bson.D { return failure(codeAuthenticationFailed, "no") }}
	var authority string
	secured.tls, authority = certificate(t)
	asking := actor{is: primary, tls: secured.tls.Clone()}
	asking.tls.ClientAuth = tls.RequireAnyClientCert
	const secure = "cannot be secured; check tls and tlsCAFile"
	at := secured.play(t)
	_, port, err := net.SplitHostPort(at)
	must(t, err)
	for name, c := range map[string]struct{ uri, says string }{
		"a plain server":        {plain.play(t) + "/?tls=true", secure},
		"a plain engine":        {engineHost(t) + "/?tls=true", secure},
		"an unknown authority":  {at + "/?tls=true", secure},
		"another name":          {"localhost:" + port + "/?tls=true&tlsCAFile=" + authority, secure},
		"no client certificate": {asking.play(t) + "/?tls=true&tlsCAFile=" + authority, secure},
		"a plain client":        {at, "if it wants TLS, add tls=true"},
		"all is well":           {at + "/?tls=true&tlsCAFile=" + authority, "refuses the user or the password"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wantRefusal(t, "mongodb://ada:s3cret@"+c.uri, c.says)
		})
	}
}

// engineHost returns the host and port of the engine of the tests.
func engineHost(t *testing.T) string {
	t.Helper()
	return options.Client().ApplyURI(engine(t)).Hosts[0]
}

// A wrong password is told as such, by the engine itself.
func TestStartWithAWrongPassword(t *testing.T) {
	wantRefusal(t, "mongodb://ada:s3cret@"+engineHost(t)+"/", "refuses the user or the password")
	refusing := actor{is: primary, answer: func(bson.Raw) bson.D { return failure(codeAuthenticationFailed, "Authentication failed.") }}
	wantRefusal(t, "mongodb://ada:s3cret@"+refusing.play(t)+"/", "refuses the user or the password")
}
