package httpapi

import (
	"crypto/rand"
	"strconv"
	"sync/atomic"
)

// maxRequestID is the length up to which a client's own request id is taken over.
const maxRequestID = 64

// requestIDs makes ids that no other process makes: a random prefix of this one, and a counter. They are for finding a
// request in the log, not for being secret.
type requestIDs struct {
	prefix string
	last   atomic.Uint64
}

func newRequestIDs() *requestIDs { return &requestIDs{prefix: rand.Text()[:12] + "-"} }

// next returns a fresh id of letters, digits and a hyphen.
func (ids *requestIDs) next() string {
	var buf [32]byte
	return string(strconv.AppendUint(append(buf[:0], ids.prefix...), ids.last.Add(1), 10))
}

// accept returns the id that the client sent if it is safe in a log line and a header, else a fresh one.
func (ids *requestIDs) accept(sent string) string {
	if sent == "" || len(sent) > maxRequestID {
		return ids.next()
	}
	for i := range len(sent) {
		if !isRequestIDByte(sent[i]) {
			return ids.next()
		}
	}
	return sent
}

func isRequestIDByte(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
}
