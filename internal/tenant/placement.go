package tenant

// Level is how far a tenant's data is kept apart from others'.
type Level string

// The levels. On the embedded store each tenant has a file of its own, whatever the level says.
const (
	LevelPooled     Level = "pooled"
	LevelCollection Level = "collection"
	LevelDatabase   Level = "database"
)

// Placement says where a tenant's documents live. The catalog holds it; nothing else may guess it.
type Placement struct {
	Level    Level
	Cluster  string
	Database string
	// Namespace is the physical name of the default collection, org_<slug>; a further collection x is Namespace + ".x".
	Namespace string
	// UUID is the collection's identity where the store has one; it is checked before each physical step.
	UUID string
}

// Place names one tenant's data: the only way to reach a document is through a value that says whose it is.
type Place struct {
	Org       OrgID
	Placement Placement
}

// NamespaceOf returns the physical name that belongs to a slug.
func NamespaceOf(s Slug) string { return "org_" + string(s) }

// Collection is a named set of documents of one tenant.
type Collection string

// DefaultCollection is the one that every tenant has; it is physically the namespace itself.
const DefaultCollection Collection = ""

// CollectionRef names a collection of one tenant's data.
type CollectionRef struct {
	Place
	Collection Collection
}

// In names a collection of the tenant's data.
func (p Place) In(c Collection) CollectionRef { return CollectionRef{p, c} }
