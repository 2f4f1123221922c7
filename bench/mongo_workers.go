package main

import (
	"context"
	"errors"
	"net/http"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	driver "go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"github.com/orgd/orgd/bench/bulk"
	"github.com/orgd/orgd/bench/rooms"
	"github.com/orgd/orgd/internal/tenant"
)

// connect returns the task's database by the driver alone, with what orgd asks of each read and write.
func connect(t task) (*mongo.Database, error) {
	client, err := mongo.Connect(driver.Client().ApplyURI(t.URI).
		SetReadConcern(readconcern.Majority()).SetWriteConcern(writeconcern.Majority()))
	if err != nil {
		return nil, err
	}
	return client.Database(t.Base), nil
}

// find is the limit of an uncached read: one findOne behind net/http, and the same headers and bytes for every request.
func find(ctx context.Context, t task, tell func(report) error) error {
	db, err := connect(t)
	if err != nil {
		return err
	}
	coll := db.Collection("organizations")
	err = answer(ctx, t.Answer, tell, func(r *http.Request) error {
		name := tenant.Name(r.URL.Query().Get("organization_name"))
		return coll.FindOne(r.Context(), bson.D{{Key: "claims", Value: string(tenant.NameClaim(name.Key()))}, {Key: "layout", Value: bson.D{{Key: "$gt", Value: 0}}}}).Err()
	})
	return errors.Join(err, db.Client().Disconnect(context.WithoutCancel(ctx)))
}

// insertShared is the limit of everything durable there: inserts of half a kilobyte, one after the other on each client.
func insertShared(ctx context.Context, t task, tell func(report) error) error {
	db, err := connect(t)
	if err != nil {
		return err
	}
	data := string(make([]byte, 500))
	rate, err := t.loop().Repeat(func(int) error {
		_, err := db.Collection("rows").InsertOne(ctx, bson.D{{Key: "data", Value: data}})
		return err
	})
	return errors.Join(err, tell(report{Rate: rate}), drop(ctx, db))
}

// createOnMongo runs the room that creates organizations in a database that goes with it.
func createOnMongo(ctx context.Context, t task, tell func(report) error) error {
	s, err := rooms.OpenMongo(ctx, t.URI, t.Base)
	if err != nil {
		return err
	}
	rate, trips, err := rooms.Create(ctx, s, t.loop(), password)
	err = errors.Join(err, s.Close(), tell(report{Rate: rate, Steps: trips}))
	return errors.Join(err, forget(ctx, t))
}

// insertOnMongo inserts documents through the room, behind the gate, in a database that goes with it.
func insertOnMongo(ctx context.Context, t task, tell func(report) error) error {
	s, err := rooms.OpenMongo(ctx, t.URI, t.Base)
	if err != nil {
		return err
	}
	rate, trips, err := rooms.InsertGated(ctx, s, t.loop(), bulk.Document)
	err = errors.Join(err, s.Close(), tell(report{Rate: rate, Steps: trips}))
	return errors.Join(err, forget(ctx, t))
}

// drop removes what a measure made, and ends the connection.
func drop(ctx context.Context, db *mongo.Database) error {
	ctx = context.WithoutCancel(ctx)
	return errors.Join(db.Drop(ctx), db.Client().Database(db.Name()+"_private").Drop(ctx), db.Client().Disconnect(ctx))
}
