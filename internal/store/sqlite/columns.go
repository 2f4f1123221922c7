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

// text is a string or NULL, where NULL is the empty string.
type text string

// Scan implements sql.Scanner.
func (t *text) Scan(src any) error {
	switch v := src.(type) {
	case nil:
		*t = ""
	case string:
		*t = text(v)
	default:
		return fmt.Errorf("a text is stored as %T", src)
	}
	return nil
}

// encoded is a value as a column of JSON holds it.
type encoded[T any] struct{ value *T }

// asJSON makes a parameter, or a place to scan to, of a value.
func asJSON[T any](value *T) encoded[T] { return encoded[T]{value} }

// Value implements driver.Valuer; a nil value is NULL.
func (e encoded[T]) Value() (driver.Value, error) {
	if e.value == nil {
		return nil, nil
	}
	raw, err := json.Marshal(e.value)
	return string(raw), err
}

// Scan implements sql.Scanner; NULL leaves the value as it is.
func (e encoded[T]) Scan(src any) error {
	if src == nil {
		return nil
	}
	s, ok := src.(string)
	if !ok {
		return fmt.Errorf("a record is stored as %T", src)
	}
	return json.Unmarshal([]byte(s), e.value)
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
