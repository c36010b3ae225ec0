package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// AnswerKey names what one user asked once.
type AnswerKey struct {
	UserID int64
	Key    string
}

// Answer is what was answered to a request that may come again.
type Answer struct {
	Request    [32]byte // its hash
	Server     string   // which service was asked
	CreateTime time.Time
	Status     int // 0: not answered yet
	Header     map[string]string
	Body       []byte
	Kept       bool // else there was no room for the header and the body
}

// NewAnswer is a claim to answer a request.
type NewAnswer struct {
	AnswerKey
	Request [32]byte
	Server  string
	// Now is when it was asked; what was claimed before Since counts no more.
	Now, Since time.Time
	// Quota is how many the user may have, this one included; 0: no limit.
	Quota int
}

type answerRow struct {
	Request    []byte    `db:"request"`
	Server     string    `db:"server"`
	CreateTime time.Time `db:"create_time"`
	Status     int       `db:"status"`
	Header     string    `db:"header"`
	Body       []byte    `db:"body"`
	Size       int       `db:"size"`
}

// ClaimAnswer gives nil when the key was free and is the caller's now, else what
// is known of its answer. It gives ErrQuota when the user has too many keys.
func (s *Store) ClaimAnswer(ctx context.Context, n NewAnswer) (*Answer, error) {
	var found *Answer
	err := s.write(ctx, "claim answer", func(ctx context.Context, q queryer) error {
		if err := checkText(n.Key, n.Server); err != nil {
			return err
		}
		if err := s.lockUser(ctx, q, n.UserID); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE user_id = $1 AND create_time < $2", n.UserID, storedTime(n.Since))
		if err != nil {
			return err
		}
		if found, err = getAnswer(ctx, q, n.AnswerKey); err == nil || !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return insertAnswer(ctx, q, n)
	})
	if err != nil {
		return nil, err
	}
	return found, nil
}

func getAnswer(ctx context.Context, q queryer, k AnswerKey) (*Answer, error) {
	var row answerRow
	err := q.GetContext(ctx, &row, `SELECT request, server, create_time, status, header, body, size
		FROM answers WHERE user_id = $1 AND key = $2`, k.UserID, k.Key)
	if err != nil {
		return nil, err
	}
	a := &Answer{
		Request: [32]byte(row.Request), Server: row.Server, CreateTime: row.CreateTime.UTC(), Status: row.Status,
		Body: row.Body, Kept: len(row.Body) == row.Size,
	}
	if err := json.Unmarshal([]byte(row.Header), &a.Header); err != nil {
		return nil, fmt.Errorf("header of an answer: %w", err)
	}
	return a, nil
}

func insertAnswer(ctx context.Context, q queryer, n NewAnswer) error {
	var has int
	if err := q.GetContext(ctx, &has, "SELECT COUNT(*) FROM answers WHERE user_id = $1", n.UserID); err != nil {
		return err
	}
	if n.Quota > 0 && has >= n.Quota {
		return fmt.Errorf("%w: %d keys", ErrQuota, has)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO answers (user_id, key, request, server, create_time, status, header, body, size)
		VALUES ($1, $2, $3, $4, $5, 0, 'null', NULL, 0)`, n.UserID, n.Key, n.Request[:], n.Server, storedTime(n.Now))
	return err
}

// FinishAnswer writes down what was answered. Without room, of which a user has
// so many bytes in all, only the status is kept. It gives ErrNotFound when the
// key was not claimed.
func (s *Store) FinishAnswer(ctx context.Context, k AnswerKey, a Answer, room int) error {
	header, err := json.Marshal(a.Header)
	if err != nil {
		return fmt.Errorf("db: finish answer: %w", err)
	}
	return s.write(ctx, "finish answer", func(ctx context.Context, q queryer) error {
		var used int
		err := q.GetContext(ctx, &used, "SELECT COALESCE(SUM(size), 0) FROM answers WHERE user_id = $1 AND body IS NOT NULL", k.UserID)
		if err != nil {
			return err
		}
		body := a.Body
		if used+len(body) > room {
			header, body = []byte("null"), nil
		}
		return requireRow(q.ExecContext(ctx, "UPDATE answers SET status = $3, header = $4, body = $5, size = $6 WHERE user_id = $1 AND key = $2",
			k.UserID, k.Key, a.Status, string(header), body, len(a.Body)))
	})
}

// ForgetAnswer frees a key; one that is free is no error.
func (s *Store) ForgetAnswer(ctx context.Context, k AnswerKey) error {
	return s.write(ctx, "forget answer", func(ctx context.Context, q queryer) error {
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE user_id = $1 AND key = $2", k.UserID, k.Key)
		return err
	})
}

// ForgetAnswersBefore frees everybody's keys that were claimed before then.
func (s *Store) ForgetAnswersBefore(ctx context.Context, then time.Time) error {
	return s.write(ctx, "forget answers", func(ctx context.Context, q queryer) error {
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE create_time < $1", storedTime(then))
		return err
	})
}
