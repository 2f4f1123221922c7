-- +goose Up
PRAGMA user_version = 5;

-- The rule that ends an operator's sessions. The time of the last change did that before, so sessions that are open go on.
ALTER TABLE operators ADD COLUMN sessions TEXT NOT NULL DEFAULT '{}';
UPDATE operators SET sessions = json_object('generation', coalesce(updated_at, 0));
