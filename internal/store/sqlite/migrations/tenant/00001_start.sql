-- One tenant's file: its documents, each collection a table named by its number, and how much they are.

-- +goose Up
PRAGMA application_id = 1869768564; -- "orgt": the file is ours, and a tenant's
PRAGMA user_version = 1;

CREATE TABLE meta (
	one          INTEGER PRIMARY KEY CHECK (one = 1),
	organization TEXT NOT NULL, -- whose file this is, checked at each open
	documents    INTEGER NOT NULL,
	bytes        INTEGER NOT NULL
) STRICT;
INSERT INTO meta (one, organization, documents, bytes) VALUES (1, '', 0, 0);

CREATE TABLE collections (
	number INTEGER PRIMARY KEY,
	name   TEXT NOT NULL UNIQUE
) STRICT;
INSERT INTO collections (number, name) VALUES (1, ''); -- the default collection

CREATE TABLE c1 (
	id         TEXT PRIMARY KEY NOT NULL,
	data       TEXT NOT NULL,
	version    INTEGER NOT NULL,
	created_at INTEGER,
	updated_at INTEGER,
	write_id   TEXT NOT NULL
) STRICT;
