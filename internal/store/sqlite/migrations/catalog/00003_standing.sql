-- +goose Up
PRAGMA user_version = 3;

-- What the store as a whole is for, in one row: in use, or a side of a move of the installation to another store.
CREATE TABLE standing (
	one          INTEGER PRIMARY KEY CHECK (one = 1),
	phase        TEXT NOT NULL,
	peer         TEXT NOT NULL,
	installation TEXT NOT NULL,
	since        INTEGER
) STRICT;
INSERT INTO standing (one, phase, peer, installation, since) VALUES (1, '', '', '', NULL);
