package db

import (
	"context"
	"fmt"
	"time"
)

// The statuses of a session. Starting and running sessions are live: they
// hold their name and count against the quota.
const (
	StatusStarting = "starting"
	StatusRunning  = "running"
	StatusExited   = "exited"
	StatusLost     = "lost"
)

// Session is a row that owns, or owned, one tmux session.
type Session struct {
	ID             int64
	UID            string // 32 characters, unique; kept by tmux as well
	User           User
	Name           string // "" when none was given
	Status         string
	Server         string // which tmux server the session lives on
	ServerIdentity string // which life of that server; "" until running
	TmuxID         string // "$5"; "" until running
	Command        []string
	Cwd            string
	Width, Height  int
	KeepAfterExit  bool
	Labels         map[string]string
	CreateTime     time.Time
	ModifyTime     time.Time
}

// NewSession is what a session is made from.
type NewSession struct {
	UID, Name, Server, Cwd string
	UserID                 int64
	Command                []string
	Width, Height          int
	KeepAfterExit          bool
	Labels                 map[string]string
	// Quota is how many live sessions the user may have, this one included;
	// 0 means no limit.
	Quota int
	// CreateTime is the store's clock when zero.
	CreateTime time.Time
}

// CreateSession inserts a row that is starting. It gives ErrConflict when the
// user has a live session of that name or the uid exists, ErrQuota when the
// user has too many, and ErrNotFound for an unknown user.
func (s *Store) CreateSession(ctx context.Context, n NewSession) (Session, error) {
	if n.CreateTime.IsZero() {
		n.CreateTime = s.now()
	}
	row := sessionRow{
		UID: n.UID, UserID: n.UserID, Name: n.Name, Status: StatusStarting, Server: n.Server, Cwd: n.Cwd,
		Command: commandText(n.Command), Width: n.Width, Height: n.Height, Labels: labelsText(n.Labels), KeepAfterExit: n.KeepAfterExit,
		CreateTime: stamp(n.CreateTime), ModifyTime: stamp(n.CreateTime),
	}
	return s.writeSession(ctx, "create session", func(ctx context.Context, q queryer) (int64, error) {
		if err := storable(n.Command...); err != nil {
			return 0, err
		}
		if err := s.lockUser(ctx, q, n.UserID); err != nil {
			return 0, err
		}
		if n.Quota > 0 {
			var live int
			err := q.GetContext(ctx, &live, `SELECT COUNT(*) FROM sessions
				WHERE user_id = $1 AND status IN ('starting', 'running')`, n.UserID)
			if err != nil {
				return 0, err
			}
			if live >= n.Quota {
				return 0, fmt.Errorf("%w: %d sessions", ErrQuota, live)
			}
		}
		return row.insert(ctx, q)
	})
}

// AdoptSession inserts a running row, with a new id, for a tmux session whose
// row was lost. No quota applies: the session exists already.
func (s *Store) AdoptSession(ctx context.Context, a Session) (Session, error) {
	if a.CreateTime.IsZero() {
		a.CreateTime = s.now()
	}
	if a.ModifyTime.IsZero() {
		a.ModifyTime = a.CreateTime
	}
	row := sessionRow{
		UID: a.UID, UserID: a.User.ID, Name: a.Name, Status: StatusRunning,
		Server: a.Server, ServerIdentity: a.ServerIdentity, TmuxID: a.TmuxID,
		Command: commandText(a.Command), Cwd: a.Cwd, Width: a.Width, Height: a.Height, Labels: labelsText(a.Labels), KeepAfterExit: a.KeepAfterExit,
		CreateTime: stamp(a.CreateTime), ModifyTime: stamp(a.ModifyTime),
	}
	return s.writeSession(ctx, "adopt session", func(ctx context.Context, q queryer) (int64, error) {
		if err := storable(a.Command...); err != nil {
			return 0, err
		}
		return row.insert(ctx, q)
	})
}

// SessionByID gives ErrNotFound for an unknown id.
func (s *Store) SessionByID(ctx context.Context, id int64) (Session, error) {
	return s.readSession(ctx, "s.id = $1", id)
}

// SessionByUID gives ErrNotFound for an unknown uid.
func (s *Store) SessionByUID(ctx context.Context, uid string) (Session, error) {
	if storable(uid) != nil {
		return Session{}, fmt.Errorf("db: get session: %w", ErrNotFound)
	}
	return s.readSession(ctx, "s.uid = $1", uid)
}

// SessionsOnServer lists the sessions of every status, oldest first.
func (s *Store) SessionsOnServer(ctx context.Context, server string) ([]Session, error) {
	var sessions []Session
	err := s.read(ctx, "list sessions", func(ctx context.Context, q queryer) error {
		var rows []sessionRow
		if err := q.SelectContext(ctx, &rows, selectSession+"WHERE s.server = $1 ORDER BY s.id", server); err != nil {
			return err
		}
		sessions = make([]Session, 0, len(rows))
		for _, r := range rows {
			session, err := r.session()
			if err != nil {
				return err
			}
			sessions = append(sessions, session)
		}
		return nil
	})
	return sessions, err
}

// StartSession makes a row running on the tmux session given, whatever it was
// before and on whichever tmux server. A row that was no longer live can meet
// ErrConflict on its name.
func (s *Store) StartSession(ctx context.Context, id int64, server, serverIdentity, tmuxID string, at time.Time) (Session, error) {
	return s.writeSession(ctx, "start session", func(ctx context.Context, q queryer) (int64, error) {
		if err := storable(server, serverIdentity, tmuxID); err != nil {
			return 0, err
		}
		return id, affected(q.ExecContext(ctx, `UPDATE sessions
			SET status = 'running', server = $2, server_identity = $3, tmux_id = $4, modify_time = $5 WHERE id = $1`,
			id, server, serverIdentity, tmuxID, stamp(at)))
	})
}

// SetSessionStatus gives ErrInvalid for a status that does not exist.
func (s *Store) SetSessionStatus(ctx context.Context, id int64, status string, at time.Time) (Session, error) {
	return s.writeSession(ctx, "set session status", func(ctx context.Context, q queryer) (int64, error) {
		return id, affected(q.ExecContext(ctx,
			"UPDATE sessions SET status = $2, modify_time = $3 WHERE id = $1", id, status, stamp(at)))
	})
}

// DeleteSession removes the row; its id is never used again.
func (s *Store) DeleteSession(ctx context.Context, id int64) error {
	return s.write(ctx, "delete session", func(ctx context.Context, q queryer) error {
		return affected(q.ExecContext(ctx, "DELETE FROM sessions WHERE id = $1", id))
	})
}

// lockUser makes creations of one user wait for each other, so that a count
// of their sessions stays true until the insert. A SQLite transaction has the
// whole file to itself from its start. NO KEY: the foreign keys of other
// inserts need not wait.
func (s *Store) lockUser(ctx context.Context, q queryer, id int64) error {
	query := "SELECT id FROM users WHERE id = $1"
	if s.dialect == Postgres {
		query += " FOR NO KEY UPDATE"
	}
	return q.GetContext(ctx, &id, query, id)
}

// writeSession returns the row whose id f returns, read in f's transaction.
func (s *Store) writeSession(ctx context.Context, verb string, f func(context.Context, queryer) (int64, error)) (Session, error) {
	var session Session
	err := s.write(ctx, verb, func(ctx context.Context, q queryer) error {
		id, err := f(ctx, q)
		if err != nil {
			return err
		}
		session, err = getSession(ctx, q, "s.id = $1", id)
		return err
	})
	if err != nil {
		return Session{}, err
	}
	return session, nil
}

func (s *Store) readSession(ctx context.Context, where string, arg any) (Session, error) {
	var session Session
	err := s.read(ctx, "get session", func(ctx context.Context, q queryer) (err error) {
		session, err = getSession(ctx, q, where, arg)
		return err
	})
	return session, err
}
