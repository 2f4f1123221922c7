-- +goose Up
-- Servers tell when they beat, and others declare them dead.
ALTER TABLE instances ADD COLUMN beat_at INTEGER;
ALTER TABLE instances ADD COLUMN dead INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 2;
