package adoption

import (
	"regexp"
	"slices"
	"strings"

	"github.com/orgd/orgd/internal/access"
)

// homeName is what a collection is called that may be taken.
var homeName = regexp.MustCompile(`^org_[a-z0-9_]+$`)

// house finds the collection.
func (j *judge) house(t *trial) {
	if !j.locate(t) {
		return
	}
	t.claimed = []string{t.collection}
	found, there := j.collections[t.collection]
	home, owned := j.homes[t.collection]
	switch {
	case !homeName.MatchString(t.collection) || t.collection == j.Organizations || t.collection == j.Users:
		t.refuse("its collection %q is not of the form org_ and a-z, 0-9, _; rename it, there and in the organization", shown(t.collection))
	case !there:
		t.refuse("its collection %s does not exist; create it, empty, or remove the organization", shown(t.collection))
	case found.Kind != "collection":
		t.refuse("its collection %s is of the kind %s, which orgd cannot rename and write like others; copy it into a plain one", shown(t.collection), found.Kind)
	case owned && home.Origin != t.origin && (home.State != "" || home.Origin == ""):
		t.refuse("its collection %s belongs to organization %s of orgd", shown(t.collection), home.Org)
	}
}

// locate reports whether one collection is the organization's, by its word or by its name.
func (j *judge) locate(t *trial) bool {
	if t.collection = t.Collection; t.collection != "" {
		return true
	}
	names := derived(t)
	t.claimed = slices.DeleteFunc(slices.Clone(names), func(name string) bool { _, ok := j.collections[name]; return !ok })
	switch {
	case t.Unread.Collection != "":
		t.refuse(unread+"--org-collection", t.Unread.Collection, "text")
	case t.Unread.Slug != "":
		t.refuse("it names no collection, and "+unread+"--org-collection", t.Unread.Slug, "text")
	case len(t.claimed) == 0:
		t.refuse("it names no collection, and none of %s is there; name its field with --org-collection", list(names))
	case len(t.claimed) > 1:
		t.refuse("it names no collection, and each of %s could be it; name its field with --org-collection", list(t.claimed))
	default:
		t.collection = t.claimed[0]
		return true
	}
	return false
}

// shown is what the other service wrote, as a part of a reason: short, and without signs that forge a line. The reasons themselves are
// not cut, since they end with what to do.
func shown(text string) string { return access.CleanClientText(text) }

// list is some of what the other service wrote.
func list(texts []string) string {
	parts := make([]string, len(texts))
	for i, text := range texts {
		parts[i] = shown(text)
	}
	return strings.Join(parts, ", ")
}

// derived returns the names that such services make of an organization's name or slug.
func derived(t *trial) (names []string) {
	name := strings.ToLower(strings.TrimSpace(t.Name))
	for _, slug := range []string{
		t.Slug, string(t.slug), strings.Trim(signs.ReplaceAllString(name, "_"), "_"), signs.ReplaceAllString(name, "_"),
		strings.ReplaceAll(name, " ", "_"), strings.ReplaceAll(name, " ", ""),
	} {
		if slug != "" && !slices.Contains(names, "org_"+slug) {
			names = append(names, "org_"+slug)
		}
	}
	return names
}

var signs = regexp.MustCompile(`[^a-z0-9]+`)
