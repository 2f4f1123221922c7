-- +goose Up
PRAGMA user_version = 4;

-- What is special about an organization's physical names: where its data is at home, and those that it keeps for good.
ALTER TABLE organizations ADD COLUMN physical TEXT NOT NULL DEFAULT '{}';

-- What is purged and only keeps names does not count either.
DROP TRIGGER organizations_count_insert;
DROP TRIGGER organizations_count_update;
DROP TRIGGER organizations_count_delete;
-- +goose StatementBegin
CREATE TRIGGER organizations_count_insert AFTER INSERT ON organizations WHEN NEW.state NOT IN ('trashed', 'purged') BEGIN
	UPDATE counters SET value = value + 1 WHERE name = 'organizations';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER organizations_count_update AFTER UPDATE ON organizations
WHEN (OLD.state IN ('trashed', 'purged')) <> (NEW.state IN ('trashed', 'purged')) BEGIN
	UPDATE counters SET value = value + iif(NEW.state IN ('trashed', 'purged'), -1, 1) WHERE name = 'organizations';
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER organizations_count_delete AFTER DELETE ON organizations WHEN OLD.state NOT IN ('trashed', 'purged') BEGIN
	UPDATE counters SET value = value - 1 WHERE name = 'organizations';
END;
-- +goose StatementEnd
