package sqlite

import (
	"strings"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// Lists of organizations go by id, and each way to narrow them has an index that yields its rows in that order, so that a
// page costs what is on it, whatever lies before and between:
//
//   - no filter: the table itself;
//   - unsettled: a partial index on id, with only those rows in it;
//   - states: an index on (state, id); the runs of several states are merged;
//   - deleted before: an index of the trash by time. Its rows are sorted by id: those that came due are few, since the
//     purge removes them;
//   - name prefix: an index on (name_key, id). The matches of a rare prefix are sorted by id; where there are more than
//     rarePrefix, the page is found sooner by walking the rows in order of id.
//
// The most selective filter chooses the way; the others are conditions on its rows.

// rarePrefix is how many matches of a name prefix are sorted, about a millisecond's work.
const rarePrefix = 2000

// orgQuery is a list query in the making.
type orgQuery struct {
	conditions []string
	args       []any
}

func (q *orgQuery) where(condition string, args ...any) {
	q.conditions = append(q.conditions, condition)
	q.args = append(q.args, args...)
}

// listOrgs returns the query for a page.
func listOrgs(s *session, filter store.OrgFilter, after tenant.OrgID, limit int) (string, []any, error) {
	q := &orgQuery{}
	q.where("id > ?", string(after))
	source := "organizations"
	if filter.Unsettled {
		source = "organizations INDEXED BY organizations_unsettled"
		q.where("op IS NOT NULL")
	}
	if !filter.DeletedBefore.IsZero() {
		if !filter.Unsettled {
			source = "organizations INDEXED BY organizations_trashed"
		}
		q.where("state = 'trashed' AND deleted_at < ?", instant(filter.DeletedBefore))
	}
	byStates := len(filter.States) > 0 && source == "organizations"
	if filter.NamePrefix != "" {
		from, to := prefixRange(string(filter.NamePrefix))
		q.where("name_key >= ? AND name_key < ?", from, to)
		rare, err := isRare(s, from, to)
		if err != nil {
			return "", nil, err
		}
		if source == "organizations" && rare {
			source, byStates = "organizations INDEXED BY organizations_by_name", false
		}
	}
	if byStates {
		query, args := q.merged(filter.States, limit)
		return query, args, nil
	}
	if len(filter.States) > 0 {
		q.where("state IN (?"+strings.Repeat(",?", len(filter.States)-1)+")", stateArgs(filter.States)...)
	}
	return "SELECT " + orgColumns + " FROM " + source + " WHERE " + strings.Join(q.conditions, " AND ") + " ORDER BY id LIMIT ?",
		append(q.args, limit), nil
}

// merged returns a query that merges the runs of several states, each of which the index yields in order of id.
func (q *orgQuery) merged(states []tenant.State, limit int) (string, []any) {
	var runs []string
	var args []any
	seen := map[tenant.State]bool{}
	for _, state := range states {
		if seen[state] {
			continue
		}
		seen[state] = true
		runs = append(runs, "SELECT "+orgColumns+" FROM organizations INDEXED BY organizations_by_state WHERE state = ? AND "+
			strings.Join(q.conditions, " AND "))
		args = append(append(args, string(state)), q.args...)
	}
	return strings.Join(runs, " UNION ALL ") + " ORDER BY id LIMIT ?", append(args, limit)
}

func stateArgs(states []tenant.State) []any {
	args := make([]any, 0, len(states))
	for _, state := range states {
		args = append(args, string(state))
	}
	return args
}

// isRare reports whether few names lie in a range, looking at no more than rarePrefix of them.
func isRare(s *session, from, to string) (bool, error) {
	var n int
	err := s.get(`SELECT count(*) FROM (SELECT 1 FROM organizations INDEXED BY organizations_by_name
		WHERE name_key >= ? AND name_key < ? LIMIT ?)`, []any{from, to, rarePrefix + 1}, &n)
	return n <= rarePrefix, err
}

// prefixRange returns the range of strings that begin with a prefix, by bytes. No text in UTF-8 has the byte 0xFF, so the
// last byte of the prefix can be raised.
func prefixRange(prefix string) (from, to string) {
	last := len(prefix) - 1
	return prefix, prefix[:last] + string([]byte{prefix[last] + 1})
}
