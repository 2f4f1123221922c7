package archtest

// Rules is everything that Check judges by.
type Rules struct {
	Module  string
	Rooms   []Room
	Tongues []Tongue
	Nouns   Nouns
	Users   Guard
}

// Floor is the height of a room: an import goes to a lower floor.
type Floor int

// The floors, from the ground up.
const (
	Ground     Floor = iota // leaves
	Words                   // the vocabulary
	Contract                // the store's interfaces
	Services                // what operations share, and the stores themselves
	Checks                  // services made of services
	Operations              // what the product does
	Doors                   // how the world gets in
	Outside                 // programs, and what looks at them from outside
)

// Room is one folder of Go files. An import from room A to room B is allowed if
// A lies higher than B, A's Only (if set) names B, and B's For (if set) names A.
// A room that only tests use may import its own floor as well, as they may.
//
// Test files stand outside their room. They may import anything on their own
// floor and below, whatever Only and For say, and speak every tongue.
type Room struct {
	Path    string
	Floor   Floor
	Only    []string // the only rooms it imports; nil means every lower one
	For     []string // the only rooms that import it; nil means every higher one
	Stdlib  bool     // nothing from other modules either
	Backend bool     // a concrete store
	Speaks  []string // the tongues whose packages it may import
}

// Tongue is a language whose packages stop at the rooms that speak it.
type Tongue struct {
	Name     string
	Packages []string // import paths, each with all that lies under it
}

// Nouns says which file names of the contract return in every backend: those of
// files that declare an interface, but not the ones in Except.
type Nouns struct {
	Contract string
	Except   []string
}

// Guard keeps the methods of one interface of the contract that change
// something to a few rooms. Reads and Writes together name every method of it.
type Guard struct {
	Contract  string // the room with the interface
	Interface string
	Reads     []string
	Writes    []string
	Rooms     []string // who may call Writes, besides the contract and what is under it
}

// nobody is the For of a room that only tests use.
var nobody = []string{}

const (
	http = "HTTP"
	sql  = "SQL"
	bson = "BSON"
)

// House is the table of this repository.
var House = Rules{
	Module: "github.com/orgd/orgd",

	Rooms: []Room{
		// Programs, and what looks at them from outside.
		{Path: "cmd/orgd", Floor: Outside, Speaks: []string{http}},
		{Path: "cmd/orgctl", Floor: Outside, Only: []string{"api", "client"}, Speaks: []string{http}},
		{Path: "e2e", Floor: Outside, Only: []string{"api", "client"}, Speaks: []string{http}},
		{Path: "docs/examples", Floor: Outside, Only: []string{}, Speaks: []string{http}},
		{Path: "bench", Floor: Outside, Speaks: []string{http, sql, bson}},

		// Doors, and what else the programs are made of.
		{Path: "internal/httpapi", Floor: Doors, Speaks: []string{http}},
		{Path: "internal/console", Floor: Doors, Speaks: []string{http}},
		{Path: "internal/config", Floor: Doors, Only: []string{"internal/tenant", "internal/strictjson"}, For: []string{"cmd/orgd", "cmd/orgctl"}},
		{Path: "internal/control", Floor: Doors, Only: []string{}, For: []string{"cmd/orgd"}},
		{Path: "internal/certs", Floor: Doors, Only: []string{}, For: []string{"cmd/orgd"}},
		{Path: "internal/logging", Floor: Doors, Only: []string{}, For: []string{"cmd/orgd"}},
		{Path: "client", Floor: Doors, Only: []string{"api"}, For: []string{"cmd/orgctl", "e2e", "bench"}, Speaks: []string{http}},

		// The drain barrier, explored over a model of a database.
		{Path: "internal/barriertest", Floor: Doors, Only: []string{}, For: nobody},

		// What the measurements do below HTTP: fill stores, and run a room without its door.
		{Path: "bench/bulk", Floor: Doors, For: []string{"bench"}, Speaks: []string{sql}},
		{Path: "bench/rooms", Floor: Doors, For: []string{"bench"}, Speaks: []string{sql, bson}},

		// Operations.
		{Path: "internal/orgs", Floor: Operations},
		{Path: "internal/members", Floor: Operations},
		{Path: "internal/authn", Floor: Operations},
		{Path: "internal/documents", Floor: Operations},
		{Path: "internal/audit", Floor: Operations},
		{Path: "internal/migration", Floor: Operations, For: []string{"cmd/orgd", "bench/rooms"}},

		// What operations share.
		{Path: "internal/access", Floor: Services},
		{Path: "internal/placement", Floor: Services},
		{Path: "internal/passwords", Floor: Services},
		{Path: "internal/tokens", Floor: Services},

		{Path: "internal/throttle", Floor: Services},
		{Path: "internal/adoption", Floor: Checks, For: []string{"cmd/orgd"}},
		{Path: "internal/presence", Floor: Checks, For: []string{"cmd/orgd"}},
		{Path: "internal/idempotency", Floor: Checks},
		{Path: "internal/credentials", Floor: Checks},

		// The stores, beside what operations share: nobody below cmd knows them.
		{Path: "internal/store/sqlite", Floor: Services, Only: contract, For: []string{"cmd/orgd", "bench/bulk", "bench/rooms", "internal/store/teststores"}, Backend: true, Speaks: []string{sql}},
		{Path: "internal/store/mongo", Floor: Services, Only: contract, For: []string{"cmd/orgd", "bench/bulk", "bench/rooms", "internal/store/teststores"}, Backend: true, Speaks: []string{bson}},
		{Path: "internal/store/storetest", Floor: Services, Only: contract, For: nobody},
		{
			Path: "internal/store/teststores", Floor: Services, For: nobody, Speaks: []string{bson},
			Only: append([]string{"internal/store/sqlite", "internal/store/mongo"}, contract...),
		},

		// The contract, the vocabulary, the ground.
		{Path: "internal/store", Floor: Contract},
		{Path: "internal/tenant", Floor: Words},
		{Path: "internal/strictjson", Floor: Ground, For: []string{"internal/tenant", "internal/httpapi"}},
		{Path: "api", Floor: Ground, Stdlib: true, For: []string{"internal/httpapi", "client", "cmd/orgd", "cmd/orgctl", "e2e", "bench"}},
		{Path: "internal/archtest", Floor: Ground, For: nobody},
	},

	Tongues: []Tongue{
		{Name: http, Packages: []string{
			"net/http", "html/template", "golang.org/x/net/http2",
			"github.com/danielgtaylor/huma", "github.com/swaggest/swgui",
			"github.com/prometheus/client_golang/prometheus/promhttp",
			"go.opentelemetry.io/contrib/instrumentation/net/http",
		}},
		{Name: sql, Packages: []string{"database/sql", "modernc.org/sqlite", "github.com/pressly/goose"}},
		{Name: bson, Packages: []string{"go.mongodb.org/mongo-driver"}},
	},

	// store.go composes the nouns, and each backend opens itself in a file of
	// its own choice; errors.go names what can go wrong.
	Nouns: Nouns{Contract: "internal/store", Except: []string{"doc.go", "store.go", "errors.go"}},

	// No act inside an organization writes another person's row: signing in and
	// the owner's own update do, everything else changes memberships only.
	Users: Guard{
		Contract:  "internal/store",
		Interface: "Users",
		Reads:     []string{"Get", "FindByEmail", "Members"},
		Writes:    []string{"Insert", "Update", "Remove"},
		Rooms:     []string{"internal/authn", "internal/orgs"},
	},
}

// contract is what a store is made of.
var contract = []string{"internal/store", "internal/tenant", "internal/strictjson"}
