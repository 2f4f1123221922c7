package config

import (
	"errors"
	"regexp"
	"slices"
	"strings"
)

// Store is where everything is kept: either of its fields is set.
type Store struct {
	// Dir is the folder of the embedded store.
	Dir string
	// URI names a MongoDB server, replica set or cluster, with what it takes to sign in there.
	URI URI
}

// URI is a connection string that may hold a password. It prints, logs and marshals without it; string(u) is the whole.
type URI string

// String returns the URI without its credentials.
func (u URI) String() string { return maskURI(string(u)) }

// MarshalText keeps encoders from telling the credentials.
func (u URI) MarshalText() ([]byte, error) { return []byte(u.String()), nil }

// The beginnings of a MongoDB URI.
const (
	schemeMongo    = "mongodb://"
	schemeMongoSRV = "mongodb+srv://"
)

// store is where everything is kept. What the options of a MongoDB URI may be, its driver says at start.
var store = kind[Store]{
	"sqlite: and the path of a folder, such as sqlite:./orgd-data, or the URI of a MongoDB server: mongodb:// or mongodb+srv://",
	func(text string) (Store, error) {
		for _, scheme := range []string{schemeMongo, schemeMongoSRV} {
			rest, found := strings.CutPrefix(text, scheme)
			if !found {
				continue
			}
			hosts := rest[strings.LastIndexByte(rest, '@')+1:]
			if hosts == "" || strings.ContainsAny(hosts[:1], "/?,:") || strings.ContainsAny(text, " \t\r\n") {
				return Store{}, errRule
			}
			return Store{URI: URI(text)}, nil
		}
		dir, found := strings.CutPrefix(text, "sqlite:")
		if !found || dir == "" {
			return Store{}, errRule
		}
		return Store{Dir: dir}, nil
	},
}

// maskURI hides the password of a URI's user information and of its options. Where the password holds a sign that should
// have been escaped, more is hidden than need be and never less.
func maskURI(text string) string {
	scheme, rest, found := strings.Cut(text, "://")
	if !found {
		return text
	}
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		if user, _, secret := strings.Cut(rest[:at], ":"); secret {
			rest = user + ":***" + rest[at:]
		}
	}
	address, query, found := strings.Cut(rest, "?")
	if !found {
		return scheme + "://" + rest
	}
	options := strings.Split(query, "&")
	for i, option := range options {
		if name, _, _ := strings.Cut(option, "="); tells(name) {
			options[i] = name + "=***"
		}
	}
	return scheme + "://" + address + "?" + strings.Join(options, "&")
}

// tells reports whether an option of a URI may hold a secret.
func tells(option string) bool {
	name := strings.ToLower(option)
	return strings.Contains(name, "password") || name == "authmechanismproperties"
}

// databasePattern is what the name of a database may be: names that are made of it have at most MongoDB's 63 bytes.
var databasePattern = regexp.MustCompile(`^[a-z][a-z0-9_]{0,29}$`)

// database is the name of a MongoDB database of orgd's own.
var database = kind[string]{
	"a name of 1 to 30 characters of a-z, 0-9 and _ that begins with a letter",
	func(text string) (string, error) {
		switch {
		case !databasePattern.MatchString(text):
			return "", errRule
		case slices.Contains([]string{"admin", "config", "local"}, text):
			return "", errors.New("names a database of MongoDB itself; choose another name")
		default:
			return text, nil
		}
	},
}
