package mongo

import (
	"crypto/tls"
	"crypto/x509"
	"errors"

	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/auth"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/description"
	"go.mongodb.org/mongo-driver/v2/x/mongo/driver/topology"

	"github.com/orgd/orgd/internal/tenant"
)

// errURI is the error about a URI that the driver does not take. What the driver says of it is left out: it may repeat
// parts of the URI, and there may be a password in those.
var errURI = tenant.Errorf(tenant.CodeInvalid,
	"the store is not a MongoDB URI of the form mongodb://user:password@host:27017/?options; check scheme, host, port and options, and escape signs in the password")

// refusal turns what kept a start from connecting into one line that says what to look at.
func refusal(err error) error {
	if ours(err) {
		return translate(err)
	}
	cause := err
	if e, ok := errors.AsType[topology.ServerSelectionError](err); ok {
		for _, server := range e.Desc.Servers {
			cause = errors.Join(cause, server.LastError)
		}
		if answering(e.Desc.Servers) {
			return tenant.Wrap(tenant.CodeUnavailable, err, "the database servers answer, but none of them is a primary that takes writes; wait for an election, or look at the replica set")
		}
	}
	_, refused := errors.AsType[*auth.Error](cause)
	switch {
	case refused || hasCode(cause, codeAuthenticationFailed):
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database server refuses the user or the password of the URI; check both, and authSource")
	case hasCode(cause, codeUnauthorized):
		return tenant.Wrap(tenant.CodeUnavailable, err, "the database user may not create collections and indexes; give it readWrite and dbAdmin on orgd's databases")
	case isTLS(cause):
		return tenant.Wrap(tenant.CodeUnavailable, err, "the connection to the database server cannot be secured; check tls and tlsCAFile of the URI against the server's certificate")
	default:
		return translate(err)
	}
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
	return header || verification || authority || host
}
