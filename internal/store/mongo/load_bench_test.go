package mongo

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"github.com/orgd/orgd/internal/tenant"
)

// batches of a thousand documents are loaded into each home.
const batches = 3

// BenchmarkLoad compares small documents that are loaded into an empty home with what it can be at best: the same BSON, ready and in
// bare inserts, beside which nothing is looked up. The two take turns, since the engine is not always alike.
func BenchmarkLoad(b *testing.B) {
	db := openTest(b, Options{})
	homes := db.Store().Transfer.Homes
	docs := make([]tenant.Document, batches*1000)
	for i := range docs {
		docs[i] = tenant.Document{
			ID: tenant.DocumentID(tenant.NewID()), Version: 1, WriteID: tenant.NewID(), CreatedAt: noon, UpdatedAt: noon,
			Data: tenant.Data(fmt.Sprintf(`{"n":%d,"name":"document %d","tags":["a","b"],"nested":{"x":1.5,"y":true}}`, i, i)),
		}
	}
	var load, bare stopwatch
	round := []func(){
		func() {
			place := settle(b, db)
			load.time(func() {
				for some := range slices.Chunk(docs, 1000) {
					must(b, homes.Load(b.Context(), place, some))
				}
			})
			must(b, home(db, place).Drop(b.Context()))
		},
		func() {
			place := settle(b, db)
			packed, err := packAll(place.Org, docs, nil)
			must(b, err)
			coll := home(db, place)
			bare.time(func() {
				for some := range slices.Chunk(packed, 1000) {
					_, err := coll.InsertMany(b.Context(), some, options.InsertMany().SetOrdered(false))
					must(b, err)
				}
			})
			must(b, coll.Drop(b.Context()))
		},
	}
	for b.Loop() {
		slices.Reverse(round)
		for _, one := range round {
			one()
		}
	}
	b.ReportMetric(load.rate(len(docs)), "loaded/s")
	b.ReportMetric(bare.rate(len(docs)), "inserted/s")
	b.ReportMetric(load.rate(len(docs))/bare.rate(len(docs)), "share")
}

// stopwatch sums up what one of two takes.
type stopwatch struct {
	took  time.Duration
	times int
}

func (s *stopwatch) time(fn func()) {
	began := time.Now()
	fn()
	s.took += time.Since(began)
	s.times++
}

// rate is how many things a second were done, n at a time.
func (s *stopwatch) rate(n int) float64 { return float64(n*s.times) / s.took.Seconds() }
