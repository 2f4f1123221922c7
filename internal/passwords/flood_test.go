package passwords

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/metrics"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// The measurements behind defaultWorkers. They need a machine that does nothing else:
//
//	go test ./internal/passwords -run '^$' -bench 'Logins|Flood' -benchtime 1x -count 5
const (
	readerEnv = "PASSWORDS_TEST_READ_FROM" // makes the test binary the reader of that address
	readFor   = 5 * time.Second
	readers   = 32
	logins    = 24 // of BenchmarkLogins
)

// variant is one way to share the processors between hashing and the rest.
type variant struct {
	name    string
	workers int
	procs   int    // added to GOMAXPROCS
	enter   func() // of each worker
}

var variants = []variant{
	{name: "none"},
	{name: "half", workers: defaultWorkers(runtime.NumCPU())},
	{name: "unbounded", workers: 40},
}

// BenchmarkLogins compares the pool with a bare loop on as many goroutines, in turns, while nobody reads.
func BenchmarkLogins(b *testing.B) {
	workers := defaultWorkers(runtime.NumCPU())
	hash, err := bcrypt.GenerateFromPassword([]byte("secret"), DefaultCost)
	if err != nil {
		b.Fatal(err)
	}
	p, err := New(Options{Workers: workers})
	if err != nil {
		b.Fatal(err)
	}
	defer p.Close()
	var bare, pooled []time.Duration
	for range logins {
		bare = append(bare, onEach(workers, func(int) { _ = bcrypt.CompareHashAndPassword(hash, []byte("wrong")) }))
		pooled = append(pooled, onEach(workers, func(w int) {
			_, _, _ = p.Compare(b.Context(), strconv.Itoa(w), string(hash), "wrong")
		}))
	}
	b.ReportMetric(float64(workers)/median(bare).Seconds(), "bare-logins/s")
	b.ReportMetric(float64(workers)/median(pooled).Seconds(), "pool-logins/s")
	b.ReportMetric(median(bare).Seconds()/median(pooled).Seconds(), "ratio")
}

// onEach runs f on n goroutines and returns how long that took.
func onEach(n int, f func(worker int)) time.Duration {
	began := time.Now()
	var all sync.WaitGroup
	for w := range n {
		all.Go(func() { f(w) })
	}
	all.Wait()
	return time.Since(began)
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}

// BenchmarkFlood measures reads from a bare net/http handler, which another process asks for by 32 connections as fast
// as it can, while 40 addresses log in all the time. The heap holds 2 million pointers, so that garbage collections
// have work, and their waits for the world to stop are told.
func BenchmarkFlood(b *testing.B) {
	ballast := make([]*int, 2_000_000)
	for i := range ballast {
		ballast[i] = new(int)
	}
	for _, v := range variants {
		b.Run(v.name, func(b *testing.B) {
			defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(runtime.NumCPU() + v.procs))
			server := httptest.NewServer(http.HandlerFunc(serveOrganization))
			defer server.Close()
			done, stop := flood(b, v)
			defer stop()
			stops, before, began := gcStops(), done.Load(), time.Now()
			got, err := readFrom(b.Context(), server.Listener.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportMetric(float64(done.Load()-before)/time.Since(began).Seconds(), "logins/s")
			b.ReportMetric(got.Rate, "reads/s")
			b.ReportMetric(got.P99, "p99-ms")
			b.ReportMetric(longestStop(stops, gcStops()), "gcstop-ms")
		})
	}
	runtime.KeepAlive(ballast)
}

func serveOrganization(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"id": "0190a0a0-0000-7000-8000-000000000000", "organization_name": r.URL.Query().Get("organization_name"),
		"slug": "acme", "collection_name": "org_acme", "state": "active", "created_at": time.Now(), "updated_at": time.Now(),
	})
}

// flood keeps v's workers busy until stop, and counts logins.
func flood(b *testing.B, v variant) (done *atomic.Int64, stop func()) {
	done = new(atomic.Int64)
	if v.workers == 0 {
		return done, func() {}
	}
	p, err := New(Options{Workers: v.workers, Queue: 64, enter: v.enter})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	var all sync.WaitGroup
	for i := range 40 {
		all.Go(func() {
			for p.Burn(ctx, strconv.Itoa(i), "secret") == nil {
				done.Add(1)
			}
		})
	}
	return done, func() { cancel(); all.Wait(); p.Close() }
}

func gcStops() *metrics.Float64Histogram {
	s := []metrics.Sample{{Name: "/sched/pauses/stopping/gc:seconds"}}
	metrics.Read(s)
	return s[0].Value.Float64Histogram()
}

// longestStop returns the upper bound of the last bucket that grew, in milliseconds.
func longestStop(before, after *metrics.Float64Histogram) float64 {
	longest := 0.0
	for i, n := range after.Counts {
		if n > before.Counts[i] {
			longest = after.Buckets[i+1] * 1000
		}
	}
	return longest
}

// reading is what the reader reports.
type reading struct{ Rate, P99 float64 }

// readFrom runs this binary as the reader: in a process of its own, so that the scheduler under test does not run it.
func readFrom(ctx context.Context, addr string) (reading, error) {
	reader := exec.CommandContext(ctx, os.Args[0])
	reader.Env = append(os.Environ(), readerEnv+"="+addr)
	reader.Stderr = os.Stderr
	out, err := reader.Output()
	if err != nil {
		return reading{}, fmt.Errorf("run the reader: %w", err)
	}
	var r reading
	return r, json.Unmarshal(out, &r)
}

func readAndReport(addr string) {
	var mu sync.Mutex
	var took []time.Duration
	var all sync.WaitGroup
	end := time.Now().Add(readFor)
	for range readers {
		all.Go(func() {
			mine, err := readUntil(end, addr)
			if err != nil {
				fmt.Fprintln(os.Stderr, err)
				os.Exit(1)
			}
			mu.Lock()
			defer mu.Unlock()
			took = append(took, mine...)
		})
	}
	all.Wait()
	slices.Sort(took)
	p99 := took[len(took)*99/100]
	_ = json.NewEncoder(os.Stdout).Encode(reading{float64(len(took)) / readFor.Seconds(), p99.Seconds() * 1000})
}

// readUntil reads over one connection with as little work of its own as it can.
func readUntil(end time.Time, addr string) (took []time.Duration, err error) {
	c, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
	if err != nil {
		return nil, err
	}
	defer func() { _ = c.Close() }()
	r := bufio.NewReader(c)
	for began := time.Now(); began.Before(end); began = time.Now() {
		if _, err := io.WriteString(c, "GET /org/get?organization_name=Acme HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
			return nil, err
		}
		if err := skipAnswer(r); err != nil {
			return nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, nil
}

func skipAnswer(r *bufio.Reader) error {
	for length := 0; ; {
		header, err := r.ReadString('\n')
		if err != nil {
			return err
		}
		if value, found := strings.CutPrefix(header, "Content-Length: "); found {
			if length, err = strconv.Atoi(strings.TrimSpace(value)); err != nil {
				return err
			}
		}
		if header == "\r\n" {
			_, err := r.Discard(length)
			return err
		}
	}
}
