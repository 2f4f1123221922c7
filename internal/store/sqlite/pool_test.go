package sqlite

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

func TestOneOfManyOpensTheFile(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	if err := db.pool.close(); err != nil {
		t.Fatal(err)
	}
	var opened atomic.Int64
	db.pool = newPool(4, db.log, func(org tenant.OrgID) (*file, error) {
		opened.Add(1)
		return db.files.open(org)
	})
	start := make(chan struct{})
	var group sync.WaitGroup
	for range 64 {
		group.Go(func() {
			<-start
			if _, err := db.Store().Documents.Get(t.Context(), place.In(""), "doc"); err != nil {
				t.Error(err)
			}
		})
	}
	close(start)
	group.Wait()
	if n := opened.Load(); n != 1 {
		t.Errorf("the file was opened %d times", n)
	}
}

func TestPoolKeepsItsBound(t *testing.T) {
	const tenants, bound = 50, 2
	db := openTest(t, Options{MaxOpenFiles: bound})
	var places []tenant.Place
	for range tenants {
		places = append(places, settle(t, db))
	}
	var group sync.WaitGroup
	for worker := range 8 {
		group.Go(func() {
			for i := range 30 {
				place := places[rand.IntN(tenants)]
				id := tenant.DocumentID(fmt.Sprint(worker, "-", i))
				doc := tenant.Document{ID: id, Data: tenant.Data(`{"of":"` + string(place.Org) + `"}`), WriteID: "w"}
				err := db.pool.use(t.Context(), place.Org, func(f *file) error {
					if n := len(db.pool.slots); n > bound {
						t.Errorf("%d files are open", n)
					}
					return f.read(t.Context(), quickCheck)
				})
				if err != nil {
					t.Error(err)
				}
				// A call waits for a place no longer than its own time, which is short where eight share two.
				for {
					_, err := db.Store().Documents.Insert(t.Context(), place.In(""), doc, 0)
					if err == nil {
						break
					}
					if !errors.Is(err, context.DeadlineExceeded) {
						t.Error(err)
						break
					}
				}
			}
		})
	}
	group.Wait()
	var documents int64
	for _, place := range places {
		u, err := db.Store().Documents.Usage(t.Context(), place)
		if err != nil {
			t.Fatal(err)
		}
		documents += u.Documents
		list, err := db.Store().Documents.List(t.Context(), place.In(""), "", 1000)
		if err != nil || int64(len(list)) != u.Documents {
			t.Errorf("%d documents are listed, %d counted (%v)", len(list), u.Documents, err)
		}
	}
	if documents != 8*30 {
		t.Errorf("%d documents are there, want %d", documents, 8*30)
	}
}

func TestPoolWaitsForAPlaceUntilTheContextEnds(t *testing.T) {
	db := openTest(t, Options{MaxOpenFiles: 1})
	one, two := settle(t, db, "doc"), settle(t, db, "doc")
	err := db.pool.use(t.Context(), one.Org, func(*file) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		_, err := db.Store().Documents.Get(ctx, two.In(""), "doc")
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("with all places taken: %v", err)
		}
		answer := make(chan error, 1)
		go func() { answer <- db.pool.use(t.Context(), two.Org, func(*file) error { return nil }) }()
		until(t, func() bool { db.pool.mu.Lock(); defer db.pool.mu.Unlock(); return db.pool.waiting == 1 }, "for the second to wait")
		go func() {
			if err := <-answer; err != nil {
				t.Errorf("once a place is free: %v", err)
			}
			close(answer)
		}()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	holds(t, db, two, "doc")
}

func TestExclusiveWaitsForUsersAndKeepsOthersOut(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	e, err := db.pool.pin(t.Context(), place.Org)
	if err != nil {
		t.Fatal(err)
	}
	f, err := db.pool.file(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	inside, leave, done := make(chan struct{}), make(chan struct{}), make(chan error, 2)
	go func() {
		done <- db.pool.exclusive(t.Context(), place.Org, func() error {
			close(inside)
			<-leave
			return nil
		})
	}()
	until(t, func() bool { db.pool.mu.Lock(); defer db.pool.mu.Unlock(); return e.barred != nil }, "for the bar")
	if err := f.read(t.Context(), quickCheck); err != nil {
		t.Errorf("a user who was there before: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
	defer cancel()
	if _, err := db.Store().Documents.Get(ctx, place.In(""), "doc"); !tenant.IsCode(err, tenant.CodeUnavailable) {
		t.Errorf("a user who came after: %v", err)
	}
	select {
	case <-inside:
		t.Error("a user is still there")
	default:
	}
	db.pool.unpin(e)
	<-inside
	go func() { done <- db.pool.use(t.Context(), place.Org, func(*file) error { return nil }) }()
	close(leave)
	for range 2 {
		if err := <-done; err != nil {
			t.Error(err)
		}
	}
}

func TestExclusiveThatIsGivenUpLetsUsersIn(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	err := db.pool.use(t.Context(), place.Org, func(*file) error {
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Millisecond)
		defer cancel()
		err := db.places.Trash(ctx, place, "op")
		if !tenant.IsCode(err, tenant.CodeUnavailable) {
			t.Errorf("trash of a file in use: %v", err)
		}
		holds(t, db, place, "doc")
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	holds(t, db, place, "doc")
	if err := db.places.Trash(t.Context(), place, "op"); err != nil {
		t.Error(err)
	}
}

func TestCloseWaitsForUsers(t *testing.T) {
	db := openTest(t, Options{})
	place := settle(t, db, "doc")
	e, err := db.pool.pin(t.Context(), place.Org)
	if err != nil {
		t.Fatal(err)
	}
	f, err := db.pool.file(t.Context(), e)
	if err != nil {
		t.Fatal(err)
	}
	closed := make(chan error)
	go func() { closed <- db.pool.close() }()
	until(t, func() bool { db.pool.mu.Lock(); defer db.pool.mu.Unlock(); return e.barred != nil }, "for the bar")
	if err := f.read(t.Context(), quickCheck); err != nil {
		t.Errorf("a user who was there before: %v", err)
	}
	select {
	case err := <-closed:
		t.Errorf("closed under a user: %v", err)
	default:
	}
	db.pool.unpin(e)
	if err := <-closed; err != nil {
		t.Error(err)
	}
}
