package e2e

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// layout is how a service keeps its organizations and users.
type layout struct {
	name string
	// flags are what the command must be told.
	flags []string
	// write writes one organization with its admin.
	write func(o *oldService, a account)
}

// account is one organization with its admin, whose collection exists.
type account struct {
	n                       int32
	name, email, collection string
	hash                    string
}

func d(pairs ...any) (doc bson.D) {
	for i := 0; i < len(pairs); i += 2 {
		doc = append(doc, bson.E{Key: pairs[i].(string), Value: pairs[i+1]})
	}
	return doc
}

var layouts = []layout{
	{"ObjectIds", nil, func(o *oldService, a account) {
		id := bson.NewObjectID()
		o.has("users", d("_id", id, "email", a.email, "password", a.hash))
		o.has("organizations", d("name", a.name, "collection", a.collection, "admin_id", id))
	}},
	{"texts of ObjectIds", nil, func(o *oldService, a account) {
		id := bson.NewObjectID()
		o.has("users", d("_id", id, "email", a.email, "hashed_password", a.hash, "role", "admin"))
		o.has("organizations", d("organization_name", a.name, "collection_name", a.collection, "admin_user_id", id.Hex()))
	}},
	{"texts, an address in another case, no collection", nil, func(o *oldService, a account) {
		o.has("users", d("_id", "user-"+a.name, "email", strings.ToLower(a.email), "password_hash", a.hash))
		o.has("organizations", d("_id", "org-"+a.name, "org_name", a.name, "slug", strings.TrimPrefix(a.collection, "org_"), "admin_email", strings.ToUpper(a.email)))
	}},
	{"the user refers to the id", nil, func(o *oldService, a account) {
		id := bson.NewObjectID()
		o.has("organizations", d("_id", id, "name", a.name, "collection_name", a.collection))
		o.has("users", d("email", a.email, "password", []byte(a.hash), "organization_id", id.Hex(), "role", "admin"))
		o.has("users", d("email", "clerk."+a.email, "password", "in the clear", "organization_id", id.Hex(), "role", "clerk"))
	}},
	{"the user refers to the name", nil, func(o *oldService, a account) {
		o.has("organizations", d("organization_name", a.name, "collection", a.collection))
		o.has("users", d("email", a.email, "hashed_password", a.hash, "organization_name", a.name))
	}},
	{"the admin is inside", nil, func(o *oldService, a account) {
		o.has("organizations", d("name", a.name, "collection", a.collection, "admin", d("email", a.email, "password", a.hash)))
	}},
	{"the admin is inside, field by field", nil, func(o *oldService, a account) {
		o.has("organizations", d("name", a.name, "collection", a.collection, "admin_email", a.email, "admin_hashed_password", a.hash))
	}},
	{"numbers", nil, func(o *oldService, a account) {
		o.has("users", d("_id", a.n, "email", a.email, "password", a.hash))
		o.has("organizations", d("_id", a.n, "name", a.name, "collection", a.collection, "owner_id", int64(a.n)))
	}},
	{"references of MongoDB's", nil, func(o *oldService, a account) {
		id := bson.NewObjectID()
		o.has("users", d("_id", id, "email", a.email, "password", a.hash))
		o.has("organizations", d("name", a.name, "collection", a.collection, "admin", d("$ref", "users", "$id", id)))
	}},
	{
		"names of their own",
		[]string{
			"--organizations", "tenants", "--users", "people", "--org-name", "title", "--org-collection", "store.name", "--org-admin", "boss",
			"--user-id", "number", "--user-email", "mail", "--user-password", "secret,pass",
		},
		func(o *oldService, a account) {
			o.has("people", d("number", a.n, "mail", a.email, "pass", a.hash))
			o.has("tenants", d("title", a.name, "store", d("name", a.collection), "boss", a.n))
		},
	},
}

// TestAdoptLayouts adopts a database of each layout beside a running server: first dry, then twice. Nothing in it changes by a
// byte, and every admin signs in with the old password and reads what is there.
func TestAdoptLayouts(t *testing.T) {
	t.Parallel()
	s := launch(t, mongoStore)
	for i, layout := range layouts {
		t.Run(layout.name, func(t *testing.T) {
			t.Parallel()
			o := oldServiceOf(t, s, "layout"+string(rune('a'+i)))
			var accounts []account
			for j, word := range []string{"Great Corp", "Söhne"} {
				n := int32(10*i + j)
				name := string(rune('A'+i)) + " " + word
				accounts = append(accounts, account{n, name, string(rune('a'+i)) + string(rune('0'+j)) + ".Admin@Old.example", "org_" + string(rune('a'+i)) + string(rune('0'+j)), hashed(t, oldPassword)})
				o.hasTenant(accounts[j].collection)
				layout.write(o, accounts[j])
			}
			before := o.snapshot()
			for _, run := range []struct {
				word string
				flag string
			}{{"would be adopted  ", "--dry-run"}, {"adopted           ", "--writers-stopped"}, {"adopted already   ", "--writers-stopped"}} {
				text := o.adopt(0, append(layout.flags, run.flag)...)
				says(t, text, run.word+accounts[0].name+" (", run.word+accounts[1].name+" (", "2 organizations: ")
				o.stays(before, "after "+run.flag)
			}
			for _, a := range accounts {
				m := s.member(a.name, a.email)
				if m.org.CollectionName != a.collection || len(m.documents()) != shown {
					t.Errorf("%s has %d documents in %s", a.name, len(m.documents()), m.org.CollectionName)
				}
			}
			o.stays(before, "after all was read")
		})
	}
}
