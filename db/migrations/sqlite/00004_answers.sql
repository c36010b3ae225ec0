-- +goose Up
-- The responses to requests with an Idempotency-Key.
CREATE TABLE answers (
    user_id     INTEGER NOT NULL REFERENCES users (id),
    key         TEXT NOT NULL,
    request     BLOB NOT NULL CHECK (length(request) = 32),
    server      TEXT NOT NULL,
    create_time TIMESTAMP NOT NULL,
    status      INTEGER NOT NULL,
    header      TEXT NOT NULL,
    body        BLOB,
    size        INTEGER NOT NULL,
    PRIMARY KEY (user_id, key)
);
CREATE INDEX answers_age ON answers (create_time);
