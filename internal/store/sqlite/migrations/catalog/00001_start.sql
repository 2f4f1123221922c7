-- The catalog: everything but the tenants' documents. Times are milliseconds since 1970 UTC, NULL where there is none;
-- lists and records are JSON. What a query narrows or orders by is a column of its own.

-- +goose Up
PRAGMA application_id = 1869768548; -- "orgd": the file is ours, and a catalog
PRAGMA user_version = 1;

CREATE TABLE organizations (
	id         TEXT PRIMARY KEY,
	name       TEXT NOT NULL,
	name_key   TEXT NOT NULL,
	slug       TEXT NOT NULL,
	state      TEXT NOT NULL,
	op         TEXT, -- the operation under way; NULL at rest
	owners     TEXT NOT NULL,
	placement  TEXT NOT NULL,
	claims     TEXT NOT NULL,
	epoch      INTEGER NOT NULL,
	version    INTEGER NOT NULL,
	created_at INTEGER,
	updated_at INTEGER,
	deleted_at INTEGER,
	trash      TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX organizations_by_state ON organizations (state, id);
CREATE INDEX organizations_by_name ON organizations (name_key, id);
CREATE INDEX organizations_unsettled ON organizations (id) WHERE op IS NOT NULL;
CREATE INDEX organizations_trashed ON organizations (deleted_at, id) WHERE state = 'trashed';

-- How many organizations there are outside the trash, kept by the triggers: counting 100,000 takes milliseconds, and each
-- creation asks.
CREATE TABLE counters (
	name  TEXT PRIMARY KEY,
	value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counters (name, value) VALUES ('organizations', 0);
-- +goose StatementBegin
CREATE TRIGGER organizations_count_insert AFTER INSERT ON organizations WHEN NEW.state <> 'trashed' BEGIN
	UPDATE counters SET value = value + 1 WHERE name = 'organizations';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER organizations_count_update AFTER UPDATE ON organizations
WHEN (OLD.state = 'trashed') <> (NEW.state = 'trashed') BEGIN
	UPDATE counters SET value = value + iif(NEW.state = 'trashed', -1, 1) WHERE name = 'organizations';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER organizations_count_delete AFTER DELETE ON organizations WHEN OLD.state <> 'trashed' BEGIN
	UPDATE counters SET value = value - 1 WHERE name = 'organizations';
END;
-- +goose StatementEnd

-- One row a claim. Kind is whose namespace it is: organization, user or operator.
CREATE TABLE claims (
	kind   TEXT NOT NULL,
	claim  TEXT NOT NULL,
	holder TEXT NOT NULL,
	PRIMARY KEY (kind, claim)
) STRICT, WITHOUT ROWID;

CREATE TABLE users (
	id            TEXT PRIMARY KEY,
	email         TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	memberships   TEXT NOT NULL,
	claims        TEXT NOT NULL,
	sessions      TEXT NOT NULL, -- the rule that ends sessions
	reset         TEXT,          -- the one-time link; NULL when there is none
	version       INTEGER NOT NULL,
	created_at    INTEGER,
	updated_at    INTEGER
) STRICT, WITHOUT ROWID;

-- Derived from users.memberships, in the same transaction.
CREATE TABLE members (
	organization TEXT NOT NULL,
	user         TEXT NOT NULL REFERENCES users (id) ON DELETE CASCADE,
	PRIMARY KEY (organization, user)
) STRICT, WITHOUT ROWID;
CREATE INDEX members_by_user ON members (user);

CREATE TABLE operators (
	id            TEXT PRIMARY KEY,
	email         TEXT NOT NULL,
	password_hash TEXT NOT NULL,
	version       INTEGER NOT NULL,
	created_at    INTEGER,
	updated_at    INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
	id           TEXT PRIMARY KEY,
	user         TEXT NOT NULL,
	organization TEXT NOT NULL,
	operator     TEXT NOT NULL,
	generation   INTEGER NOT NULL,
	created_at   INTEGER,
	auth_time    INTEGER,
	expires_at   INTEGER,
	ended_at     INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE keys (
	id         TEXT PRIMARY KEY,
	purpose    TEXT NOT NULL,
	material   BLOB,
	sealed     INTEGER NOT NULL,
	public     BLOB,
	created_at INTEGER,
	signs_from INTEGER,
	retired_at INTEGER,
	revoked_at INTEGER,
	version    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE audit (
	organization TEXT NOT NULL,
	seq          INTEGER NOT NULL,
	id           TEXT NOT NULL UNIQUE,
	actor_kind   TEXT NOT NULL,
	actor_id     TEXT NOT NULL,
	session      TEXT NOT NULL,
	action       TEXT NOT NULL,
	target       TEXT NOT NULL,
	at           INTEGER,
	address      TEXT NOT NULL,
	request_id   TEXT NOT NULL,
	outcome      TEXT NOT NULL,
	detail       TEXT,
	prev_hash    TEXT NOT NULL,
	hash         TEXT NOT NULL, -- of this entry; the next one's prev_hash
	PRIMARY KEY (organization, seq)
) STRICT, WITHOUT ROWID;

CREATE TABLE instances (
	id         TEXT PRIMARY KEY,
	version    TEXT NOT NULL,
	started_at INTEGER,
	counter    INTEGER NOT NULL,
	acks       TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE idempotency (
	key         TEXT PRIMARY KEY,
	caller      TEXT NOT NULL,
	fingerprint TEXT NOT NULL,
	resource_id TEXT NOT NULL,
	owner_id    TEXT NOT NULL,
	write_id    TEXT NOT NULL,
	done        INTEGER NOT NULL,
	lease_until INTEGER,
	expires_at  INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX idempotency_by_caller ON idempotency (caller, expires_at);
CREATE INDEX idempotency_by_expiry ON idempotency (expires_at);

CREATE TABLE throttle (
	key        TEXT PRIMARY KEY,
	level      REAL NOT NULL,
	changed_at INTEGER NOT NULL,
	expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE installation (
	one        INTEGER PRIMARY KEY CHECK (one = 1),
	id         TEXT NOT NULL,
	issuer     TEXT NOT NULL,
	created_at INTEGER
) STRICT;
