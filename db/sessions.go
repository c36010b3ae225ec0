package db

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// The statuses of a session. Starting and running sessions are live: no other
// session of the user may have their name, and they count against the quota.
const (
	StatusStarting = "starting"
	StatusRunning  = "running"
	StatusExited   = "exited"
	StatusLost     = "lost"
)

// Session is a row of the table sessions: the owner, settings and status of one
// tmux session. The row outlives the tmux session.
type Session struct {
	ID             int64
	UID            string // 32 characters, unique; tmux stores it too
	User           User
	Name           string // "" when none was given
	Status         string
	Server         string // the name of the tmux server that the session is on
	ServerIdentity string // tells one run of that server from the next; "" until running
	TmuxID         string // tmux's id, such as "$5"; "" until running
	Command        []string
	Cwd            string
	Width, Height  int
	KeepAfterExit  bool
	Labels         map[string]string
	CreateTime     time.Time
	ModifyTime     time.Time
}

// NewSession holds the values of a session to create.
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
	// CreateTime is the time of the store's clock when it is zero.
	CreateTime time.Time
}

// SessionEdit holds the values of a session that its owner may change. EditSession
// writes all of them.
type SessionEdit struct {
	Name          string
	Labels        map[string]string
	Width, Height int
	KeepAfterExit bool
}

type sessionRow struct {
	ID             int64     `db:"id"`
	UID            string    `db:"uid"`
	Name           string    `db:"name"`
	Status         string    `db:"status"`
	Server         string    `db:"server"`
	ServerIdentity string    `db:"server_identity"`
	TmuxID         string    `db:"tmux_id"`
	Command        string    `db:"command"`
	Cwd            string    `db:"cwd"`
	Width          int       `db:"width"`
	Height         int       `db:"height"`
	KeepAfterExit  bool      `db:"keep_after_exit"`
	Labels         string    `db:"labels"`
	CreateTime     time.Time `db:"create_time"`
	ModifyTime     time.Time `db:"modify_time"`
	UserID         int64     `db:"user_id"`
	UserName       string    `db:"user_name"`
	UserAdmin      bool      `db:"user_admin"`
	UserCreateTime time.Time `db:"user_create_time"`
}

const selectSession = `SELECT s.id, s.uid, s.name, s.status, s.server, s.server_identity, s.tmux_id,
	s.command, s.cwd, s.width, s.height, s.keep_after_exit, s.labels, s.create_time, s.modify_time,
	u.id AS user_id, u.name AS user_name, u.admin AS user_admin, u.create_time AS user_create_time
	FROM sessions s JOIN users u ON u.id = s.user_id `

// CreateSession adds a session with the status starting. It returns ErrConflict
// when the user has a live session of that name or the uid exists, ErrQuota when
// the user has too many live sessions, and ErrNotFound for an unknown user.
func (s *Store) CreateSession(ctx context.Context, n NewSession) (Session, error) {
	if n.CreateTime.IsZero() {
		n.CreateTime = s.now()
	}
	row := sessionRow{
		UID: n.UID, UserID: n.UserID, Name: n.Name, Status: StatusStarting, Server: n.Server, Cwd: n.Cwd,
		Command: commandText(n.Command), Width: n.Width, Height: n.Height, Labels: labelsText(n.Labels), KeepAfterExit: n.KeepAfterExit,
		CreateTime: storedTime(n.CreateTime), ModifyTime: storedTime(n.CreateTime),
	}
	return s.writeSession(ctx, "create session", func(ctx context.Context, q queryer) (int64, error) {
		if err := checkText(n.Command...); err != nil {
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

// AdoptSession adds a running session, with a new id, for a tmux session whose
// row was lost. No quota applies, because the tmux session exists already. The
// errors are those of CreateSession.
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
		CreateTime: storedTime(a.CreateTime), ModifyTime: storedTime(a.ModifyTime),
	}
	return s.writeSession(ctx, "adopt session", func(ctx context.Context, q queryer) (int64, error) {
		if err := checkText(a.Command...); err != nil {
			return 0, err
		}
		return row.insert(ctx, q)
	})
}

// SessionByID returns ErrNotFound for an unknown id.
func (s *Store) SessionByID(ctx context.Context, id int64) (Session, error) {
	return s.readSession(ctx, "s.id = $1", id)
}

// SessionByUID returns ErrNotFound for an unknown uid.
func (s *Store) SessionByUID(ctx context.Context, uid string) (Session, error) {
	if checkText(uid) != nil {
		return Session{}, fmt.Errorf("db: get session: %w", ErrNotFound)
	}
	return s.readSession(ctx, "s.uid = $1", uid)
}

// SessionsOnServer returns the sessions on a tmux server, whatever their status,
// the oldest first.
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

// StartSession sets the status to running and records the tmux session, whatever
// the row said before. It returns ErrNotFound for an unknown id, and ErrConflict
// when the row was no longer live and a live session has taken its name.
func (s *Store) StartSession(ctx context.Context, id int64, server, serverIdentity, tmuxID string, at time.Time) (Session, error) {
	return s.writeSession(ctx, "start session", func(ctx context.Context, q queryer) (int64, error) {
		if err := checkText(server, serverIdentity, tmuxID); err != nil {
			return 0, err
		}
		return id, requireRow(q.ExecContext(ctx, `UPDATE sessions
			SET status = 'running', server = $2, server_identity = $3, tmux_id = $4, modify_time = $5 WHERE id = $1`,
			id, server, serverIdentity, tmuxID, storedTime(at)))
	})
}

// SetSessionStatus returns ErrInvalid for an unknown status, and the errors of
// StartSession.
func (s *Store) SetSessionStatus(ctx context.Context, id int64, status string, at time.Time) (Session, error) {
	return s.writeSession(ctx, "set session status", func(ctx context.Context, q queryer) (int64, error) {
		return id, requireRow(q.ExecContext(ctx,
			"UPDATE sessions SET status = $2, modify_time = $3 WHERE id = $1", id, status, storedTime(at)))
	})
}

// EditSession changes a session of any status. It returns ErrNotFound for an
// unknown id, and ErrConflict when the session is live and its user has another
// live session of that name.
func (s *Store) EditSession(ctx context.Context, id int64, e SessionEdit, at time.Time) (Session, error) {
	labels := labelsText(e.Labels)
	return s.writeSession(ctx, "edit session", func(ctx context.Context, q queryer) (int64, error) {
		if err := checkText(e.Name, labels); err != nil {
			return 0, err
		}
		return id, requireRow(q.ExecContext(ctx, `UPDATE sessions
			SET name = $2, labels = $3, width = $4, height = $5, keep_after_exit = $6, modify_time = $7 WHERE id = $1`,
			id, e.Name, labels, e.Width, e.Height, e.KeepAfterExit, storedTime(at)))
	})
}

// DeleteSession removes the session. Its id is never used again. It returns
// ErrNotFound for an unknown id.
func (s *Store) DeleteSession(ctx context.Context, id int64) error {
	return s.write(ctx, "delete session", func(ctx context.Context, q queryer) error {
		return requireRow(q.ExecContext(ctx, "DELETE FROM sessions WHERE id = $1", id))
	})
}

// writeSession runs f in a transaction, and in the same transaction reads the
// session whose id f returns.
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

// readSession returns the session for a condition such as "s.id = $1".
func (s *Store) readSession(ctx context.Context, where string, arg any) (Session, error) {
	var session Session
	err := s.read(ctx, "get session", func(ctx context.Context, q queryer) (err error) {
		session, err = getSession(ctx, q, where, arg)
		return err
	})
	return session, err
}

func getSession(ctx context.Context, q queryer, where string, arg any) (Session, error) {
	var row sessionRow
	if err := q.GetContext(ctx, &row, selectSession+"WHERE "+where, arg); err != nil {
		return Session{}, err
	}
	return row.session()
}

func (r sessionRow) insert(ctx context.Context, q queryer) (id int64, err error) {
	if err := checkText(r.UID, r.Name, r.Server, r.ServerIdentity, r.TmuxID, r.Cwd, r.Labels); err != nil {
		return 0, err
	}
	err = q.GetContext(ctx, &id, `INSERT INTO sessions (uid, user_id, name, status, server, server_identity, tmux_id,
		command, cwd, width, height, keep_after_exit, labels, create_time, modify_time)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) RETURNING id`,
		r.UID, r.UserID, r.Name, r.Status, r.Server, r.ServerIdentity, r.TmuxID,
		r.Command, r.Cwd, r.Width, r.Height, r.KeepAfterExit, r.Labels, r.CreateTime, r.ModifyTime)
	return id, err
}

func (r sessionRow) session() (Session, error) {
	s := Session{
		ID: r.ID, UID: r.UID, Name: r.Name, Status: r.Status,
		User:   User{ID: r.UserID, Name: r.UserName, Admin: r.UserAdmin, CreateTime: r.UserCreateTime.UTC()},
		Server: r.Server, ServerIdentity: r.ServerIdentity, TmuxID: r.TmuxID,
		Cwd: r.Cwd, Width: r.Width, Height: r.Height, KeepAfterExit: r.KeepAfterExit,
		CreateTime: r.CreateTime.UTC(), ModifyTime: r.ModifyTime.UTC(),
	}
	if err := json.Unmarshal([]byte(r.Command), &s.Command); err != nil {
		return Session{}, fmt.Errorf("command of session %d: %w", r.ID, err)
	}
	if err := json.Unmarshal([]byte(r.Labels), &s.Labels); err != nil {
		return Session{}, fmt.Errorf("labels of session %d: %w", r.ID, err)
	}
	return s, nil
}

// labelsText returns the labels as JSON, and "null" for none, so that they are read
// back as nil.
func labelsText(labels map[string]string) string {
	if len(labels) == 0 {
		return "null"
	}
	return jsonText(labels)
}

// commandText returns the command as JSON, and "null" for none, so that it is read
// back as nil.
func commandText(command []string) string {
	if len(command) == 0 {
		return "null"
	}
	return jsonText(command)
}

// jsonText encodes strings in a slice or a map, which cannot fail.
func jsonText(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic("db: encode strings: " + err.Error())
	}
	return string(text)
}
