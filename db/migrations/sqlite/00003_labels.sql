-- +goose Up
ALTER TABLE sessions ADD COLUMN labels TEXT NOT NULL DEFAULT 'null';
