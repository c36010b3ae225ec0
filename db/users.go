package db

import (
	"context"
	"time"
)

// User is a row of the table users: an account.
type User struct {
	ID         int64
	Name       string
	Admin      bool
	CreateTime time.Time
}

type userRow struct {
	ID         int64     `db:"id"`
	Name       string    `db:"name"`
	Admin      bool      `db:"admin"`
	CreateTime time.Time `db:"create_time"`
}

const selectUser = "SELECT id, name, admin, create_time FROM users "

// CreateUser adds a user. It returns ErrConflict when the name is taken.
func (s *Store) CreateUser(ctx context.Context, name string, admin bool) (User, error) {
	u := User{Name: name, Admin: admin, CreateTime: s.now()}
	err := s.write(ctx, "create user", func(ctx context.Context, q queryer) error {
		if err := checkText(name); err != nil {
			return err
		}
		return q.GetContext(ctx, &u.ID, "INSERT INTO users (name, admin, create_time) VALUES ($1, $2, $3) RETURNING id",
			u.Name, u.Admin, u.CreateTime)
	})
	if err != nil {
		return User{}, err
	}
	return u, nil
}

// UserByName returns ErrNotFound for an unknown name.
func (s *Store) UserByName(ctx context.Context, name string) (User, error) {
	var row userRow
	err := s.read(ctx, "get user", func(ctx context.Context, q queryer) error {
		// Text that cannot be stored is nobody's name.
		if checkText(name) != nil {
			return ErrNotFound
		}
		return q.GetContext(ctx, &row, selectUser+"WHERE name = $1", name)
	})
	if err != nil {
		return User{}, err
	}
	return row.user(), nil
}

// Users returns all users, the oldest first.
func (s *Store) Users(ctx context.Context) ([]User, error) {
	var rows []userRow
	err := s.read(ctx, "list users", func(ctx context.Context, q queryer) error {
		return q.SelectContext(ctx, &rows, selectUser+"ORDER BY id")
	})
	if err != nil {
		return nil, err
	}
	users := make([]User, 0, len(rows))
	for _, r := range rows {
		users = append(users, r.user())
	}
	return users, nil
}

// lockUser locks the user's row until the end of the transaction. Two inserts for
// one user then wait for each other, so that a count of the user's rows is still
// true at the insert. It returns sql.ErrNoRows for an unknown user.
//
// On SQLite a transaction has the whole file to itself from its start. On
// Postgres, NO KEY lets the foreign keys of other inserts refer to the user
// meanwhile.
func (s *Store) lockUser(ctx context.Context, q queryer, id int64) error {
	query := "SELECT id FROM users WHERE id = $1"
	if s.dialect == Postgres {
		query += " FOR NO KEY UPDATE"
	}
	return q.GetContext(ctx, &id, query, id)
}

func (r userRow) user() User {
	return User{ID: r.ID, Name: r.Name, Admin: r.Admin, CreateTime: r.CreateTime.UTC()}
}
