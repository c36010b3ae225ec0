-- +goose Up
-- AUTOINCREMENT: without it SQLite hands a deleted row's id out again.
CREATE TABLE users (
    id          INTEGER PRIMARY KEY AUTOINCREMENT,
    name        TEXT NOT NULL UNIQUE CHECK (name <> ''),
    admin       BOOLEAN NOT NULL,
    create_time TIMESTAMP NOT NULL
);

CREATE TABLE tokens (
    id            INTEGER PRIMARY KEY AUTOINCREMENT,
    user_id       INTEGER NOT NULL REFERENCES users (id),
    label         TEXT NOT NULL,
    hash          BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    create_time   TIMESTAMP NOT NULL,
    expire_time   TIMESTAMP,
    revoke_time   TIMESTAMP,
    last_use_time TIMESTAMP
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE sessions (
    id              INTEGER PRIMARY KEY AUTOINCREMENT,
    uid             TEXT NOT NULL UNIQUE CHECK (length(uid) = 32),
    user_id         INTEGER NOT NULL REFERENCES users (id),
    name            TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('starting', 'running', 'exited', 'lost')),
    server          TEXT NOT NULL,
    server_identity TEXT NOT NULL,
    tmux_id         TEXT NOT NULL,
    command         TEXT NOT NULL,
    cwd             TEXT NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    create_time     TIMESTAMP NOT NULL,
    modify_time     TIMESTAMP NOT NULL
);
CREATE UNIQUE INDEX sessions_live_name ON sessions (user_id, name)
    WHERE name <> '' AND status IN ('starting', 'running');
CREATE INDEX sessions_live ON sessions (user_id) WHERE status IN ('starting', 'running');
CREATE INDEX sessions_server ON sessions (server, id);

-- Counts the changes to users and tokens that matter to caches: PRAGMA
-- data_version tells only that something in the file changed.
CREATE TABLE changes (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    version INTEGER NOT NULL
);
INSERT INTO changes (id, version) VALUES (1, 0);

-- +goose StatementBegin
CREATE TRIGGER users_insert AFTER INSERT ON users BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_update AFTER UPDATE ON users BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER users_delete AFTER DELETE ON users BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tokens_insert AFTER INSERT ON tokens BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
-- last_use_time is left out: it changes all the time and decides nothing.
-- +goose StatementBegin
CREATE TRIGGER tokens_update AFTER UPDATE OF user_id, label, hash, create_time, expire_time, revoke_time ON tokens BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER tokens_delete AFTER DELETE ON tokens BEGIN
    UPDATE changes SET version = version + 1;
END;
-- +goose StatementEnd
