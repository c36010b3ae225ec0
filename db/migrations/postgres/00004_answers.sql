-- +goose Up
-- The responses to requests with an Idempotency-Key.
CREATE TABLE answers (
    user_id     BIGINT NOT NULL REFERENCES users (id),
    key         TEXT NOT NULL,
    request     BYTEA NOT NULL CHECK (octet_length(request) = 32),
    server      TEXT NOT NULL,
    create_time TIMESTAMPTZ NOT NULL,
    status      INTEGER NOT NULL,
    header      TEXT NOT NULL,
    body        BYTEA,
    size        INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX answers_age ON answers (create_time);
