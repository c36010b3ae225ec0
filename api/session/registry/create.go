package registry

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// identityOption is the tmux user option that holds a session's identity, "uid user".
// The identity names the session's row, so that reconciliation finds the row again after
// any crash.
const identityOption = "@interplexer_id"

func identity(uid, user string) string { return uid + " " + user }

var uidForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// parseIdentity reads an identity option.
func parseIdentity(value string) (uid, user string, ok bool) {
	uid, user, ok = strings.Cut(value, " ")
	return uid, user, ok && uidForm.MatchString(uid)
}

// Create makes a session for the caller and returns it running. It blocks until tmux has
// created it. It fails with an *InvalidError, ErrNameTaken or ErrQuota before it asks tmux
// for anything. When it fails nothing is left, except with ErrUnknownOutcome: then the
// session may appear in the caller's list.
func (r *Registry) Create(ctx context.Context, p session.Principal, o session.CreateOptions) (session.Session, error) {
	if err := r.checkCreate(&o); err != nil {
		return session.Session{}, err
	}
	if _, err := r.tmux.Current(ctx); err != nil {
		return session.Session{}, tmux.Translate(err, tmux.Reading)
	}
	uid := r.opts.NewUID()
	r.records.setPending(uid)
	defer func() {
		if r.records.clearPending(uid) {
			r.reconcileSoon() // it may have ended meanwhile, and reconciliation has skipped it
		}
	}()
	row, err := r.store.CreateSession(ctx, db.NewSession{
		UID: uid, Name: o.Name, Server: r.opts.Server, Cwd: o.Cwd, UserID: p.UserID,
		Command: o.Command, Width: o.Width, Height: o.Height, Labels: o.Labels, KeepAfterExit: o.KeepAfterExit,
		Quota: r.opts.Quota, CreateTime: r.opts.Now(),
	})
	if err != nil {
		r.reconcileSoon() // the row may exist: see db.ErrUnavailable
		return session.Session{}, storeError(err)
	}
	r.records.put(row)
	// A caller who leaves from here on must not leave a half-made session.
	return r.start(context.WithoutCancel(ctx), row, o)
}

// start makes the tmux session of a starting row.
func (r *Registry) start(ctx context.Context, row db.Session, o session.CreateOptions) (session.Session, error) {
	bounded, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	on, pane, err := r.newTmuxSession(bounded, row, o)
	if err != nil {
		err = tmux.Translate(err, tmux.Writing)
		if errors.Is(err, session.ErrUnknownOutcome) {
			r.reconcileSoon() // reconciliation keeps or discards the row
		} else {
			r.discard(ctx, row)
		}
		return session.Session{}, err
	}
	started, err := r.store.StartSession(bounded, row.ID, r.opts.Server, on.String(), pane.Session.String(), r.opts.Now())
	if err == nil {
		return r.records.put(started).session([]controlmode.PaneInfo{pane}), nil
	}
	if killErr := r.kill(ctx, on, pane.Session); killErr != nil {
		r.reconcileSoon()
		return session.Session{}, fmt.Errorf("%w: %w: %w", session.ErrUnknownOutcome, err, killErr)
	}
	r.discard(ctx, row)
	return session.Session{}, storeError(err)
}

// newTmuxSession creates the tmux session. Its name is generated, and never a caller's
// text. If a session of another store has the name, the uid is added to it.
func (r *Registry) newTmuxSession(ctx context.Context, row db.Session, o session.CreateOptions) (controlmode.ServerID, controlmode.PaneInfo, error) {
	opts := controlmode.NewSessionOptions{
		Name: session.DefaultName(row.ID), Width: o.Width, Height: o.Height, Dir: o.Cwd, Env: o.Env, Command: o.Command,
		Options: map[string]string{identityOption: identity(row.UID, row.User.Name)}, RemainOnExit: o.KeepAfterExit,
	}
	for {
		on, err := r.tmux.Current(ctx)
		if err != nil {
			return on, controlmode.PaneInfo{}, err
		}
		if launcher := o.Launcher; launcher != nil {
			if opts.Command, err = launcher(on.Socket); err != nil {
				return on, controlmode.PaneInfo{}, err
			}
			o.Launcher = nil
		}
		pane, err := r.tmux.On(on).For(row.User.Name).NewSession(ctx, opts)
		switch {
		case errors.Is(err, controlmode.ErrServerGone): // between the two lines
			continue
		case errors.Is(err, controlmode.ErrDuplicate) && opts.Name == session.DefaultName(row.ID):
			opts.Name += "-" + row.UID
			continue
		}
		return on, pane, err
	}
}

// discard deletes a row that has no session. If the store is unavailable, the row is
// hidden and reconciliation deletes it.
func (r *Registry) discard(ctx context.Context, row db.Session) {
	ctx, cancel := context.WithTimeout(ctx, changeTimeout)
	defer cancel()
	err := r.store.DeleteSession(ctx, row.ID)
	hasRow := err != nil && !errors.Is(err, db.ErrNotFound)
	r.records.forget(row.ID, hasRow)
	if hasRow {
		r.log.Error("delete the row of a session that was not made", "session", row.ID, "error", err)
		r.reconcileSoon()
	}
}
