package db

import (
	"context"
	"maps"
	"slices"
	"time"
)

// Token is a row of the table tokens: a credential of a user. The store holds only
// the hash of the secret.
type Token struct {
	ID         int64
	User       User
	Label      string
	CreateTime time.Time
	// Nil means never.
	ExpireTime, RevokeTime, LastUseTime *time.Time
}

// NewToken holds the values of a token to create.
type NewToken struct {
	UserID     int64
	Label      string
	Hash       [32]byte   // SHA-256 of the secret
	ExpireTime *time.Time // nil means never
}

// touchBatch is how many tokens one transaction of TouchTokens changes. A long
// list in one transaction could exceed the query timeout and hold its locks for
// long.
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

// CreateToken adds a token. It returns ErrNotFound for an unknown user and
// ErrConflict for a hash that exists.
func (s *Store) CreateToken(ctx context.Context, n NewToken) (Token, error) {
	var row tokenRow
	err := s.write(ctx, "create token", func(ctx context.Context, q queryer) error {
		if err := checkText(n.Label); err != nil {
			return err
		}
		var id int64
		err := q.GetContext(ctx, &id, `INSERT INTO tokens (user_id, label, hash, create_time, expire_time)
			VALUES ($1, $2, $3, $4, $5) RETURNING id`,
			n.UserID, n.Label, n.Hash[:], s.now(), storedTimePointer(n.ExpireTime))
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

// TokenByHash returns the token with the hash, or ErrNotFound. It returns expired
// and revoked tokens too; the caller checks them by its own clock.
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

// Tokens returns all tokens, the oldest first.
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

// RevokeToken sets the time of revocation. A token that is already revoked keeps
// its first one. It returns ErrNotFound for an unknown id.
func (s *Store) RevokeToken(ctx context.Context, id int64, at time.Time) error {
	return s.write(ctx, "revoke token", func(ctx context.Context, q queryer) error {
		return requireRow(q.ExecContext(ctx,
			"UPDATE tokens SET revoke_time = COALESCE(revoke_time, $2) WHERE id = $1", id, storedTime(at)))
	})
}

// TouchTokens records the times of last use by token id. It ignores unknown ids
// and times that are older than the stored ones. It makes several transactions,
// each with its own query timeout, and stops at the first error.
func (s *Store) TouchTokens(ctx context.Context, lastUse map[int64]time.Time) error {
	// Sorted by id, so that two processes cannot deadlock.
	for ids := range slices.Chunk(slices.Sorted(maps.Keys(lastUse)), touchBatch) {
		err := s.write(ctx, "touch tokens", func(ctx context.Context, q queryer) error {
			for _, id := range ids {
				// SQLite stores times as text and compares the text. All have
				// the same layout in UTC, without the trailing zeros of the
				// fraction. '+' sorts before '.' and both sort before digits,
				// so the texts sort like the times.
				_, err := q.ExecContext(ctx, `UPDATE tokens SET last_use_time = $2
					WHERE id = $1 AND (last_use_time IS NULL OR last_use_time < $2)`, id, storedTime(lastUse[id]))
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
		ExpireTime:  storedTimePointer(r.ExpireTime),
		RevokeTime:  storedTimePointer(r.RevokeTime),
		LastUseTime: storedTimePointer(r.LastUseTime),
	}
}
