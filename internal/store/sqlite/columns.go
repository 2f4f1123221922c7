package sqlite

import (
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"time"

	"github.com/orgd/orgd/internal/tenant"
)

// instant is a time as a column holds it: milliseconds since 1970 UTC, NULL for the zero time.
type instant time.Time

// Value implements driver.Valuer.
func (t instant) Value() (driver.Value, error) {
	if time.Time(t).IsZero() {
		return nil, nil
	}
	return tenant.Millis(time.Time(t)).UnixMilli(), nil
}

// Scan implements sql.Scanner.
func (t *instant) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = instant{}
	case int64:
		*t = instant(time.UnixMilli(v).UTC())
	default:
		return fmt.Errorf("a time is stored as %T", src)
	}
	return nil
}

// toJSON makes the parameter for a column of JSON, NULL for nil. It encodes at once: the write may run in another goroutine,
// and later than its caller waits.
func toJSON[T any](value *T) any {
	if value == nil {
		return nil
	}
	raw, err := json.Marshal(value)
	if err != nil {
		return unfit{err}
	}
	return string(raw)
}

// listJSON is toJSON for a list: an empty one is none, and both are stored alike.
func listJSON[T any](list []T) any {
	if len(list) == 0 {
		list = nil
	}
	return toJSON(&list)
}

// unfit is a parameter that could not be encoded; the statement fails with the reason.
type unfit struct{ reason error }

// Value implements driver.Valuer.
func (u unfit) Value() (driver.Value, error) { return nil, u.reason }

// decoded is where a column of JSON is scanned to.
type decoded[T any] struct{ value *T }

// fromJSON makes a place to scan to of a value; NULL leaves the value as it is.
func fromJSON[T any](value *T) decoded[T] { return decoded[T]{value} }

// Scan implements sql.Scanner.
func (d decoded[T]) Scan(src any) error {
	if src == nil {
		return nil
	}
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("a record is stored as %T", src)
	}
	return json.Unmarshal([]byte(s), d.value)
}

// millis is a time as JSON holds it: milliseconds since 1970 UTC, left out where it is zero.
type millis int64

func toMillis(t time.Time) *millis {
	if t.IsZero() {
		return nil
	}
	m := millis(tenant.Millis(t).UnixMilli())
	return &m
}

func (m *millis) time() time.Time {
	if m == nil {
		return time.Time{}
	}
	return time.UnixMilli(int64(*m)).UTC()
}
