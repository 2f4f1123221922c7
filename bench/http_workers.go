package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// respond is the limit of a read: a bare net/http server that sends the same headers and bytes for every request.
func respond(ctx context.Context, t task, tell func(report) error) error {
	return answer(ctx, t.Answer, tell, func(*http.Request) error { return nil })
}

// answer serves the same headers and bytes for every request after the work for it.
func answer(ctx context.Context, what []byte, tell func(report) error, work func(*http.Request) error) error {
	model, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(what)), nil) //nolint:bodyclose // it is, once it was read
	if err != nil {
		return err
	}
	body, err := io.ReadAll(model.Body)
	if err := errors.Join(err, model.Body.Close()); err != nil {
		return err
	}
	model.Header.Del("Date") // net/http sets these two
	model.Header.Del("Content-Length")
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	server := &http.Server{
		ReadHeaderTimeout: time.Minute,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if err := work(r); err != nil {
				http.Error(w, err.Error(), http.StatusInternalServerError)
				return
			}
			h := w.Header()
			maps.Copy(h, model.Header)
			_, _ = w.Write(body)
		}),
	}
	defer context.AfterFunc(ctx, func() { _ = server.Close() })()
	if err := tell(report{Addr: listener.Addr().String()}); err != nil {
		return err
	}
	if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// hashPasswords is the limit of logins: bcrypt in a loop, Count comparisons by Clients goroutines.
func hashPasswords(_ context.Context, t task, tell func(report) error) error {
	hash, err := bcrypt.GenerateFromPassword([]byte(password), cost)
	if err != nil {
		return err
	}
	var left atomic.Int64
	left.Store(int64(t.Count))
	var all sync.WaitGroup
	began := time.Now()
	for range t.Clients {
		all.Go(func() {
			for left.Add(-1) >= 0 {
				_ = bcrypt.CompareHashAndPassword(hash, []byte(password))
			}
		})
	}
	all.Wait()
	return tell(report{Rate: float64(t.Count) / time.Since(began).Seconds()})
}

// flood guesses passwords over Clients connections until it is ended, each attempt for another account and from another
// address. It tells when it begins, and at its end how many guesses were compared and refused per second.
func flood(ctx context.Context, t task, tell func(report) error) error {
	if err := tell(report{}); err != nil {
		return err
	}
	l := load{addr: t.Addr, conns: t.Clients, pause: t.For, next: func(conn, n int) []byte {
		email := fmt.Sprintf("nobody%d.%d@example.com", conn, n)
		return loginRequest(t.Addr, email, "wrong password", address(n*t.Clients+conn))
	}}
	o, err := l.run(ctx, time.Hour)
	if err != nil {
		return err
	}
	refused := int64(0)
	for status, n := range o.other {
		if status != http.StatusUnauthorized {
			refused += n
		}
	}
	compared := o.other[http.StatusUnauthorized]
	return tell(report{Rate: float64(compared) / o.took.Seconds(), Refused: float64(refused) / o.took.Seconds()})
}

// address returns the n-th address of a client.
func address(n int) string {
	return "10." + strconv.Itoa(n>>16&255) + "." + strconv.Itoa(n>>8&255) + "." + strconv.Itoa(n&255)
}

// loginRequest is a login that a proxy passes on for a client's address.
func loginRequest(host, email, password, from string) []byte {
	body := fmt.Sprintf(`{"email":%q,"password":%q}`, email, password)
	return fmt.Appendf(nil, "POST /admin/login HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: %s\r\nContent-Type: application/json\r\n"+
		"Content-Length: %d\r\n\r\n%s", host, from, len(body), body)
}
