package mongo

import (
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// Fields by which services say that somebody is out: those that are true, and those that are false or no time.
var (
	fieldsOfActive  = []string{"is_active", "active", "isActive", "enabled"}
	fieldsOfBlocked = []string{
		"disabled", "is_disabled", "blocked", "is_blocked", "suspended", "is_suspended", "deleted", "is_deleted", "isDeleted",
		"deleted_at", "deletedAt", "disabled_at",
	}
	fieldsOfOut = slices.Concat(fieldsOfActive, fieldsOfBlocked)
)

// blocked returns the field by which an organization or a person is out; empty where none says so. Null is not there.
func blocked(raw bson.Raw) string {
	for _, name := range fieldsOfOut {
		_, v := firstOf(raw, []string{name})
		if v.Type != 0 && affirms(v) != slices.Contains(fieldsOfActive, name) {
			return name
		}
	}
	return ""
}

// affirms reports whether a value is more than no.
func affirms(v bson.RawValue) bool {
	if yes, ok := v.BooleanOK(); ok {
		return yes
	}
	if n, ok := v.AsInt64OK(); ok {
		return n != 0
	}
	if s, ok := v.StringValueOK(); ok {
		return !slices.Contains([]string{"", "0", "false", "no"}, strings.ToLower(s))
	}
	return true
}
