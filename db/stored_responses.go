package db

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// IdempotencyKey is a key that a user chose for one request. A retry of the
// request has the same key.
type IdempotencyKey struct {
	UserID int64
	Key    string
}

// StoredResponse is a row of the table answers: a claimed idempotency key, and the
// response to its request once that is known.
type StoredResponse struct {
	RequestHash [32]byte // tells a retry from another request with the same key
	Server      string   // the name of the service that claimed the key
	CreateTime  time.Time
	Status      int // the HTTP status; 0 while the request is being served
	Header      map[string]string
	Body        []byte
	// Complete is false when there was no room for the header and the body, so
	// that only the status was stored.
	Complete bool
}

// IdempotencyClaim holds the values of a key to claim.
type IdempotencyClaim struct {
	IdempotencyKey
	RequestHash [32]byte
	Server      string
	// Now is the time of the claim. Claims from before Since have expired.
	Now, Since time.Time
	// Quota is how many keys the user may have, this one included; 0 means no
	// limit.
	Quota int
}

type storedResponseRow struct {
	Request    []byte    `db:"request"`
	Server     string    `db:"server"`
	CreateTime time.Time `db:"create_time"`
	Status     int       `db:"status"`
	Header     string    `db:"header"`
	Body       []byte    `db:"body"`
	Size       int       `db:"size"`
}

// ClaimIdempotencyKey claims a key for a request. It returns nil when the key was
// free and now belongs to the caller, who must call StoreResponse or
// ReleaseIdempotencyKey. When the key is taken, it returns the stored response. It
// returns ErrQuota when the user has too many keys, and ErrNotFound for an unknown
// user. The user's expired keys are deleted first.
func (s *Store) ClaimIdempotencyKey(ctx context.Context, c IdempotencyClaim) (*StoredResponse, error) {
	var taken *StoredResponse
	err := s.write(ctx, "claim idempotency key", func(ctx context.Context, q queryer) error {
		if err := checkText(c.Key, c.Server); err != nil {
			return err
		}
		if err := s.lockUser(ctx, q, c.UserID); err != nil {
			return err
		}
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE user_id = $1 AND create_time < $2", c.UserID, storedTime(c.Since))
		if err != nil {
			return err
		}
		if taken, err = getStoredResponse(ctx, q, c.IdempotencyKey); err == nil || !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		return insertClaim(ctx, q, c)
	})
	if err != nil {
		return nil, err
	}
	return taken, nil
}

// StoreResponse stores the response to the request that claimed a key. When the
// bodies of the user's responses would exceed maxBytes in all, it stores only the
// status. It uses the fields Status, Header and Body of r. It returns ErrNotFound
// when the key is not claimed.
func (s *Store) StoreResponse(ctx context.Context, k IdempotencyKey, r StoredResponse, maxBytes int) error {
	header, err := json.Marshal(r.Header)
	if err != nil {
		return fmt.Errorf("db: store response: %w", err)
	}
	return s.write(ctx, "store response", func(ctx context.Context, q queryer) error {
		var used int
		err := q.GetContext(ctx, &used, "SELECT COALESCE(SUM(size), 0) FROM answers WHERE user_id = $1 AND body IS NOT NULL", k.UserID)
		if err != nil {
			return err
		}
		body := r.Body
		if used+len(body) > maxBytes {
			header, body = []byte("null"), nil
		}
		return requireRow(q.ExecContext(ctx, "UPDATE answers SET status = $3, header = $4, body = $5, size = $6 WHERE user_id = $1 AND key = $2",
			k.UserID, k.Key, r.Status, string(header), body, len(r.Body)))
	})
}

// ReleaseIdempotencyKey deletes a key with its response. It is no error when the
// key is not claimed.
func (s *Store) ReleaseIdempotencyKey(ctx context.Context, k IdempotencyKey) error {
	return s.write(ctx, "release idempotency key", func(ctx context.Context, q queryer) error {
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE user_id = $1 AND key = $2", k.UserID, k.Key)
		return err
	})
}

// ReleaseIdempotencyKeysBefore deletes the keys of all users that were claimed
// before the time, with their responses.
func (s *Store) ReleaseIdempotencyKeysBefore(ctx context.Context, t time.Time) error {
	return s.write(ctx, "release idempotency keys", func(ctx context.Context, q queryer) error {
		_, err := q.ExecContext(ctx, "DELETE FROM answers WHERE create_time < $1", storedTime(t))
		return err
	})
}

func getStoredResponse(ctx context.Context, q queryer, k IdempotencyKey) (*StoredResponse, error) {
	var row storedResponseRow
	err := q.GetContext(ctx, &row, `SELECT request, server, create_time, status, header, body, size
		FROM answers WHERE user_id = $1 AND key = $2`, k.UserID, k.Key)
	if err != nil {
		return nil, err
	}
	r := &StoredResponse{
		RequestHash: [32]byte(row.Request), Server: row.Server, CreateTime: row.CreateTime.UTC(), Status: row.Status,
		Body: row.Body, Complete: len(row.Body) == row.Size,
	}
	if err := json.Unmarshal([]byte(row.Header), &r.Header); err != nil {
		return nil, fmt.Errorf("header of a stored response: %w", err)
	}
	return r, nil
}

func insertClaim(ctx context.Context, q queryer, c IdempotencyClaim) error {
	var has int
	if err := q.GetContext(ctx, &has, "SELECT COUNT(*) FROM answers WHERE user_id = $1", c.UserID); err != nil {
		return err
	}
	if c.Quota > 0 && has >= c.Quota {
		return fmt.Errorf("%w: %d keys", ErrQuota, has)
	}
	_, err := q.ExecContext(ctx, `INSERT INTO answers (user_id, key, request, server, create_time, status, header, body, size)
		VALUES ($1, $2, $3, $4, $5, 0, 'null', NULL, 0)`, c.UserID, c.Key, c.RequestHash[:], c.Server, storedTime(c.Now))
	return err
}
