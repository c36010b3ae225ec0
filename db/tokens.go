package db

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Token is a credential of a user. The secret itself is never stored.
type Token struct {
	ID         int64
	User       User
	Label      string
	CreateTime time.Time
	// Nil means never.
	ExpireTime, RevokeTime, LastUseTime *time.Time
}

// NewToken is what a token is made from.
type NewToken struct {
	UserID     int64
	Label      string
	Hash       [32]byte // SHA-256 of the secret
	ExpireTime *time.Time
}

// touchBatch bounds one transaction of TouchTokens, so that a long list
// neither exceeds the time of a call nor holds locks for long.
const touchBatch = 200

type tokenRow struct {
	ID             int64      `db:"id"`
	Label          string     `db:"label"`
	CreateTime     time.Time  `db:"create_time"`
	ExpireTime     *time.Time `db:"expire_time"`
	RevokeTime     *time.Time `db:"revoke_time"`
	LastUseTime    *time.Time `db:"last_use_time"`
	UserID         int64      `db:"user_id"`
	UserName       string     `db:"user_name"`
	UserAdmin      bool       `db:"user_admin"`
	UserCreateTime time.Time  `db:"user_create_time"`
}

const selectToken = `SELECT t.id, t.label, t.create_time, t.expire_time, t.revoke_time, t.last_use_time,
	u.id AS user_id, u.name AS user_name, u.admin AS user_admin, u.create_time AS user_create_time
	FROM tokens t JOIN users u ON u.id = t.user_id `

// CreateToken gives ErrNotFound for an unknown user and ErrConflict for a hash
// that exists.
func (s *Store) CreateToken(ctx context.Context, n NewToken) (Token, error) {
	var row tokenRow
	err := s.write(ctx, "create token", func(ctx context.Context, q queryer) error {
		if err := storable(n.Label); err != nil {
			return err
		}
		var id int64
		err := q.GetContext(ctx, &id, `INSERT INTO tokens (user_id, label, hash, create_time, expire_time)
			VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			n.UserID, n.Label, n.Hash[:], s.now(), stampPointer(n.ExpireTime))
		if err != nil {
			return err
		}
		return q.GetContext(ctx, &row, selectToken+"WHERE t.id = $1", id)
	})
	if err != nil {
		return Token{}, err
	}
	return row.token(), nil
}

// TokenByHash returns expired and revoked tokens too: the caller judges them
// by its own clock.
func (s *Store) TokenByHash(ctx context.Context, hash [32]byte) (Token, error) {
	var row tokenRow
	err := s.read(ctx, "get token", func(ctx context.Context, q queryer) error {
		return q.GetContext(ctx, &row, selectToken+"WHERE t.hash = $1", hash[:])
	})
	if err != nil {
		return Token{}, err
	}
	return row.token(), nil
}

// Tokens lists all, oldest first.
func (s *Store) Tokens(ctx context.Context) ([]Token, error) {
	var rows []tokenRow
	err := s.read(ctx, "list tokens", func(ctx context.Context, q queryer) error {
		return q.SelectContext(ctx, &rows, selectToken+"ORDER BY t.id")
	})
	if err != nil {
		return nil, err
	}
	tokens := make([]Token, 0, len(rows))
	for _, r := range rows {
		tokens = append(tokens, r.token())
	}
	return tokens, nil
}

// RevokeToken keeps the first time when a token is revoked twice.
func (s *Store) RevokeToken(ctx context.Context, id int64, at time.Time) error {
	return s.write(ctx, "revoke token", func(ctx context.Context, q queryer) error {
		return affected(q.ExecContext(ctx,
			"UPDATE tokens SET revoke_time = COALESCE(revoke_time, $2) WHERE id = $1", id, stamp(at)))
	})
}

// TouchTokens records last uses by token id. A time older than the stored one
// and an unknown id change nothing.
func (s *Store) TouchTokens(ctx context.Context, lastUse map[int64]time.Time) error {
	// In order of id, so that two processes never wait for each other.
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(lastUse)), touchBatch) {
		err := s.write(ctx, "touch tokens", func(ctx context.Context, q queryer) error {
			for _, id := range ids {
				// SQLite compares its texts: one layout, always UTC, with the
				// fraction's trailing zeros cut ('+' sorts before '.' and
				// both before digits), so their order is that of the times.
				_, err := q.ExecContext(ctx, `UPDATE tokens SET last_use_time = $2
					WHERE id = $1 AND (last_use_time IS NULL OR last_use_time < $2)`, id, stamp(lastUse[id]))
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func (r tokenRow) token() Token {
	return Token{
		ID: r.ID,
		User: User{
			ID: r.UserID, Name: r.UserName, Admin: r.UserAdmin, CreateTime: r.UserCreateTime.UTC(),
		},
		Label:       r.Label,
		CreateTime:  r.CreateTime.UTC(),
		ExpireTime:  stampPointer(r.ExpireTime),
		RevokeTime:  stampPointer(r.RevokeTime),
		LastUseTime: stampPointer(r.LastUseTime),
	}
}
