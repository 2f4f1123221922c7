-- +goose Up
PRAGMA user_version = 2;

-- Servers tell when they beat, and others declare them dead.
ALTER TABLE instances ADD COLUMN beat_at INTEGER;
ALTER TABLE instances ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;

-- Physical names that nobody uses anew for the time being, and when the first of them is due.
ALTER TABLE organizations ADD COLUMN quarantine TEXT NOT NULL DEFAULT 'null';
ALTER TABLE organizations ADD COLUMN due_at INTEGER;
CREATE INDEX organizations_due ON organizations (due_at, id) WHERE due_at IS NOT NULL;
