package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"

	"github.com/orgd/orgd/internal/store"
	"github.com/orgd/orgd/internal/tenant"
)

// audit reads the log; [leave] writes it, in the transaction of the act.
type audit struct{ catalog *file }

const auditColumns = `organization, seq, id, actor_kind, actor_id, session, action, target, at, address, request_id, outcome, detail, prev_hash`

// own returns the trail without anything that its caller may change while the write is still under way.
func own(trail tenant.Trail) tenant.Trail {
	if e, ok := trail.(tenant.AuditEntry); ok {
		e.Detail = maps.Clone(e.Detail)
		return e
	}
	return trail
}

// leave writes what a write leaves behind: a row of the log for an entry, nothing for the other trails.
func leave(s *session, trail tenant.Trail) error {
	switch t := trail.(type) {
	case tenant.AuditEntry:
		return enter(s, t)
	case tenant.OperationRef, tenant.Upkeep:
		return nil
	default: // a pointer to one of them would compile too
		return tenant.Errorf(tenant.CodeInternal, "a write came with a trail of type %T", trail)
	}
}

// enter appends an entry to the chain of its organization, unless the log has it already.
func enter(s *session, e tenant.AuditEntry) error {
	var known bool
	if err := s.get(`SELECT EXISTS (SELECT 1 FROM audit WHERE id = ?)`, []any{string(e.ID)}, &known); err != nil || known {
		return err
	}
	e.Seq, e.PrevHash = 0, ""
	err := s.get(`SELECT seq, hash FROM audit WHERE organization = ? ORDER BY seq DESC LIMIT 1`, []any{string(e.Org)},
		&e.Seq, &e.PrevHash)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	e.Seq++
	_, err = s.exec(`INSERT INTO audit (`+auditColumns+`, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`, entryArgs(e)...)
	if err != nil {
		return fmt.Errorf("write the audit entry: %w", err)
	}
	return nil
}

// entryArgs are the row's values in the order of auditColumns, and the entry's hash.
func entryArgs(e tenant.AuditEntry) []any {
	var detail *map[string]string
	if len(e.Detail) > 0 {
		detail = &e.Detail
	}
	return []any{
		string(e.Org), e.Seq, string(e.ID), string(e.Actor.Kind), e.Actor.ID, string(e.Actor.Session), e.Action, e.Target,
		instant(e.At), e.Address, e.RequestID, string(e.Outcome), toJSON(detail), e.PrevHash, e.Hash(),
	}
}

// scanEntry reads a row of auditColumns.
func scanEntry(scan func(dest ...any) error) (e tenant.AuditEntry, err error) {
	err = scan(&e.Org, &e.Seq, &e.ID, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Session, &e.Action, &e.Target,
		(*instant)(&e.At), &e.Address, &e.RequestID, &e.Outcome, fromJSON(&e.Detail), &e.PrevHash)
	return e, err
}

// List implements store.Audit.
func (t audit) List(ctx context.Context, org tenant.OrgID, after int64, limit int) (list []tenant.AuditEntry, err error) {
	err = t.catalog.read(ctx, func(s *session) error {
		return s.each(`SELECT `+auditColumns+` FROM audit WHERE organization = ? AND seq > ? ORDER BY seq LIMIT ?`,
			[]any{string(org), after, limit}, func(scan func(dest ...any) error) error {
				e, err := scanEntry(scan)
				list = append(list, e)
				return err
			})
	})
	return list, err
}

var _ store.Audit = audit{}
