package main

import (
	"context"
	"database/sql"
	"errors"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	driver "go.mongodb.org/mongo-driver/v2/mongo/options"
)

// insertedAtOnce is how many documents one insertMany has.
const insertedAtOnce = 1000

// insertMany is the limit of a move: every document of every file is read and inserted into a collection of the file's name, one
// batch after the other. Nothing is looked up or read back.
func insertMany(ctx context.Context, t task, tell func(report) error) error {
	db, err := connect(t)
	if err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(t.Dir, "tenants", "*.db"))
	total, began := 0, time.Now()
	for _, file := range files {
		if err != nil {
			break
		}
		var n int
		n, err = insertFile(ctx, db, file)
		total += n
	}
	rate := float64(total) / time.Since(began).Seconds()
	return errors.Join(err, tell(report{Rate: rate}), drop(ctx, db))
}

// insertFile inserts the documents of one file.
func insertFile(ctx context.Context, to *mongo.Database, file string) (n int, err error) {
	name := url.URL{Scheme: "file", OmitHost: true, Path: file, RawQuery: "mode=ro"}
	from, err := sql.Open("sqlite", name.String())
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, from.Close()) }()
	rows, err := from.QueryContext(ctx, `SELECT id, data, version, created_at, updated_at, write_id FROM c1 ORDER BY id`)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	org := strings.TrimSuffix(filepath.Base(file), ".db")
	coll := to.Collection("org_" + strings.ReplaceAll(org, "-", "_"))
	var batch []any
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		n += len(batch)
		_, err := coll.InsertMany(ctx, batch, driver.InsertMany().SetOrdered(false))
		batch = batch[:0]
		return err
	}
	for rows.Next() {
		doc, err := scanAsBSON(rows, org)
		if err != nil {
			return n, err
		}
		if batch = append(batch, doc); len(batch) == insertedAtOnce {
			if err := flush(); err != nil {
				return n, err
			}
		}
	}
	return n, errors.Join(rows.Err(), flush())
}

// scanAsBSON returns a row as the document that orgd stores.
func scanAsBSON(rows *sql.Rows, org string) (bson.D, error) {
	var (
		id, data, writeID         string
		version, created, updated int64
		doc                       bson.D
	)
	if err := rows.Scan(&id, &data, &version, &created, &updated, &writeID); err != nil {
		return nil, err
	}
	if err := bson.UnmarshalExtJSON([]byte(data), false, &doc); err != nil {
		return nil, err
	}
	doc = append(bson.D{{Key: "_id", Value: id}}, doc...)
	return append(doc, bson.E{Key: "_orgd", Value: bson.D{
		{Key: "organization", Value: org},
		{Key: "version", Value: version},
		{Key: "write_id", Value: writeID},
		{Key: "created", Value: bson.DateTime(created)},
		{Key: "updated", Value: bson.DateTime(updated)},
		{Key: "bytes", Value: int64(len(data))},
	}}), nil
}
