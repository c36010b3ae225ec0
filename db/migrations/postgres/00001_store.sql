-- +goose Up
CREATE TABLE users (
    id          BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        TEXT NOT NULL UNIQUE CHECK (name <> ''),
    admin       BOOLEAN NOT NULL,
    create_time TIMESTAMPTZ NOT NULL
);

CREATE TABLE tokens (
    id            BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    user_id       BIGINT NOT NULL REFERENCES users (id),
    label         TEXT NOT NULL,
    hash          BYTEA NOT NULL UNIQUE CHECK (octet_length(hash) = 32),
    create_time   TIMESTAMPTZ NOT NULL,
    expire_time   TIMESTAMPTZ,
    revoke_time   TIMESTAMPTZ,
    last_use_time TIMESTAMPTZ
);
CREATE INDEX tokens_user ON tokens (user_id);

CREATE TABLE sessions (
    id              BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    uid             TEXT NOT NULL UNIQUE CHECK (length(uid) = 32),
    user_id         BIGINT NOT NULL REFERENCES users (id),
    name            TEXT NOT NULL,
    status          TEXT NOT NULL CHECK (status IN ('starting', 'running', 'exited', 'lost')),
    server          TEXT NOT NULL,
    server_identity TEXT NOT NULL,
    tmux_id         TEXT NOT NULL,
    command         TEXT NOT NULL,
    cwd             TEXT NOT NULL,
    width           INTEGER NOT NULL,
    height          INTEGER NOT NULL,
    create_time     TIMESTAMPTZ NOT NULL,
    modify_time     TIMESTAMPTZ NOT NULL
);
CREATE UNIQUE INDEX sessions_live_name ON sessions (user_id, name)
    WHERE name <> '' AND status IN ('starting', 'running');
CREATE INDEX sessions_live ON sessions (user_id) WHERE status IN ('starting', 'running');
CREATE INDEX sessions_server ON sessions (server, id);

-- Listeners drop their caches of users and tokens. The payload is empty, so a
-- transaction that changes many rows sends one notification.
-- +goose StatementBegin
CREATE FUNCTION interplexer_notify() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('interplexer_changes', '');
    RETURN NULL;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER users_notify AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON users
    FOR EACH STATEMENT EXECUTE FUNCTION interplexer_notify();
-- last_use_time is left out: it changes all the time and decides nothing.
CREATE TRIGGER tokens_notify
    AFTER INSERT OR DELETE OR TRUNCATE OR UPDATE OF user_id, label, hash, create_time, expire_time, revoke_time ON tokens
    FOR EACH STATEMENT EXECUTE FUNCTION interplexer_notify();
