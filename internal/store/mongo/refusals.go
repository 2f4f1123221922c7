package mongo

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"strings"
	"syscall"

	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/description"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/orgd/orgd/internal/tenant"
)

// errURI is the error about a URI that the driver does not take. What the driver says of it is left out: it may repeat
// parts of the URI, and there may be a password in those.
var errURI = tenant.Errorf(tenant.CodeInvalid,
	"the store is not a MongoDB URI of the form mongodb://user:password@host:27017/?options; check scheme, host, port and options, and escape signs in the password")

// uriRefusal turns what keeps a URI from being used into one line.
func uriRefusal(err error) error {
	if e, ok := errors.AsType[*fs.PathError](err); ok {
		return tenant.Errorf(tenant.CodeInvalid, "the file %s that the store's URI names cannot be read: %v", e.Path, e.Err)
	}
	if e, ok := errors.AsType[*net.DNSError](err); ok {
		return tenant.Errorf(tenant.CodeUnavailable, "there is no record of MongoDB's servers in the DNS under %s; check the host of the URI", e.Name)
	}
	return errURI
}

// address is what can be told of how the URI reaches the servers.
type address struct {
	hosts string
	// anonymous says that it names no user, overTLS that it asks for TLS.
	anonymous, overTLS bool
}

func addressOf(o *options.ClientOptions) address {
	return address{hosts: strings.Join(o.Hosts, ","), anonymous: o.Auth == nil, overTLS: o.TLSConfig != nil}
}

// refusal turns what kept a start from connecting into one line that says what to look at.
func (db *DB) refusal(err error) error {
	cause, servers, lost := err, []description.Server(nil), false
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		servers, lost = e.Desc.Servers, true
		cause = trouble(servers)
		if told := db.told.Load(); told != nil && errors.Is(cause, context.Canceled) {
			cause = *told
		}
	}
	_, refused := errors.AsType[*auth.Error](cause)
	switch {
	case refused || hasCode(cause, codeAuthenticationFailed):
		return startError(cause, "the database server refuses the user or the password of the URI; check both, and authSource")
	case hasCode(cause, codeUnauthorized):
		return startError(cause, db.lacking())
	case db.address.overTLS && (isTLS(cause) || hungUp(cause)):
		return startError(cause, "the connection to the database server cannot be secured; check tls and tlsCAFile of the URI against the server's certificate")
	case hasCode(cause, codesNoPrimary...) || answering(servers):
		return startError(cause, "the database servers answer, but none of them is a primary that takes writes; wait for an election, or look at the replica set")
	case lost:
		return startError(cause, db.unreached(servers, cause))
	default:
		return translate(err)
	}
}

// hear keeps what a server's failure told last. The driver cuts a look at a server short when another connection to it fails, and
// that it did so is then the last thing that it knows of the server, in place of the reason.
func (db *DB) hear(e *event.ServerHeartbeatFailedEvent) {
	if !errors.Is(e.Failure, context.Canceled) {
		db.told.Store(&e.Failure)
	}
}

// trouble returns what the first server in trouble told, nil if none is.
func trouble(servers []description.Server) error {
	for _, s := range servers {
		if s.LastError != nil {
			return s.LastError
		}
	}
	return nil
}

// startError is the error of a sentence. What it says better than the cause is left out of that.
func startError(cause error, says string) error {
	if e, ok := errors.AsType[*tenant.Error](cause); ok && e.Message == rightMissing {
		cause = e.Cause
	}
	return tenant.Wrap(tenant.CodeUnavailable, cause, says)
}

// lacking is the sentence about a right that the user does not have.
func (db *DB) lacking() string {
	if db.address.anonymous {
		return "the database server wants a user and a password; put user:password@ before the host of the URI"
	}
	return fmt.Sprintf("the database user lacks a right that orgd needs; give it the role readWrite on the databases %s and %s", db.main.Name(), db.private.Name())
}

// unreached is the sentence about servers of which none has said what it is.
func (db *DB) unreached(servers []description.Server, cause error) string {
	dns, unknown := errors.AsType[*net.DNSError](cause)
	switch {
	case len(servers) == 0:
		return "the database servers are not of the replica set that the URI names; check replicaSet"
	case unknown && dns.IsNotFound:
		return fmt.Sprintf("there is no host named %s; check the hosts of the URI", dns.Name)
	case hungUp(cause):
		return fmt.Sprintf("the database server cannot be reached: %s hangs up; if it wants TLS, add tls=true to the URI", db.address.hosts)
	default:
		return fmt.Sprintf("the database server cannot be reached at %s; check host and port of the URI, and whether it runs", db.address.hosts)
	}
}

// codesNoPrimary are those of a server that takes no writes.
var codesNoPrimary = []int{codeNotWritablePrimary, codeNotPrimaryNoSecondaryOk, codeInterruptedByStepDown, codePrimarySteppedDown}

// hungUp reports that a server ended the connection.
func hungUp(err error) bool {
	return errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
}

// answering reports whether any server has said what it is.
func answering(servers []description.Server) bool {
	for _, s := range servers {
		if s.Kind != description.Unknown {
			return true
		}
	}
	return false
}

// isTLS reports trouble with certificates, or with a server that does not speak TLS.
func isTLS(err error) bool {
	_, header := errors.AsType[tls.RecordHeaderError](err)
	_, verification := errors.AsType[*tls.CertificateVerificationError](err)
	_, authority := errors.AsType[x509.UnknownAuthorityError](err)
	_, host := errors.AsType[x509.HostnameError](err)
	alert, remote := errors.AsType[*net.OpError](err)
	return header || verification || authority || host || remote && alert.Op == "remote error"
}
