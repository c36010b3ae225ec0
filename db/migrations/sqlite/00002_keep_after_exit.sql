-- +goose Up
ALTER TABLE sessions ADD COLUMN keep_after_exit BOOLEAN NOT NULL DEFAULT FALSE;
