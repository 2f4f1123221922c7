package mongo

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"github.com/orgd/orgd/internal/tenant"
)

// An operator's sessions were ended by the time of the last change once: those that were open then are open now.
func TestOperatorsOfAnOlderServerStaySignedIn(t *testing.T) {
	db := openTest(t, Options{})
	operator := tenant.Operator{
		ID: tenant.OperatorID(tenant.NewID()), Email: "root@orgd.example", PasswordHash: "h",
		UpdatedAt: time.UnixMilli(1_700_000_000_123).UTC(),
	}
	must(t, db.Store().Operators.Insert(t.Context(), operator, tenant.Upkeep{}))
	older := bson.M{"$unset": bson.M{"sessions": ""}}
	if done, err := db.main.Collection("operators").UpdateOne(t.Context(), bson.M{"_id": string(operator.ID)}, older); err != nil || done.ModifiedCount != 1 {
		t.Fatalf("%+v, %v", done, err)
	}
	got, err := db.Store().Operators.Get(t.Context(), operator.ID)
	if err != nil || got.Sessions != (tenant.SessionRule{Generation: operator.UpdatedAt.UnixMilli()}) {
		t.Errorf("got %+v (%v)", got, err)
	}
}
