package mongo

import (
	"context"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"github.com/orgd/orgd/internal/tenant"
)

// A server that shuts down, or loses its database, may answer a write with an error after it took effect. The store looks
// for what became of it, and tells an unknown outcome where it cannot find out. Other refusals are believed.
func TestAnswersOfAServerThatEnds(t *testing.T) {
	db := openTest(t, Options{tick: make(chan time.Time)})
	write := func(err error, found fate) (told error, looked bool) {
		told = db.catalog.write(t.Context(), func(context.Context) error { return err }, func(context.Context) fate {
			looked = true
			return found
		})
		return told, looked
	}
	for _, code := range codesUnsettled {
		for what, err := range map[string]error{
			"a command": mongo.CommandError{Code: int32(code)},
			"a write":   mongo.WriteException{WriteErrors: mongo.WriteErrors{{Code: code}}},
		} {
			if told, _ := write(err, done); told != nil {
				t.Errorf("%s ended with code %d and took effect, and is told as %v", what, code, told)
			}
			told, _ := write(err, unclear)
			want(t, tenant.CodeUnknownOutcome, told, what)
		}
	}
	for _, code := range []int{codeUnauthorized, codeNotWritablePrimary, codeOutOfDiskSpace} {
		if told, looked := write(mongo.CommandError{Code: int32(code)}, done); told == nil || looked {
			t.Errorf("a command that was refused with code %d is told as %v, looked for: %t", code, told, looked)
		}
	}
}
