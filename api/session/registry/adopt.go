package registry

import (
	"context"
	"errors"
	"fmt"
	"maps"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// adopt gives a session on our tmux server that has no record its row back. The store
// may have the row under another server's name, or not at all.
func (r *Registry) adopt(ctx context.Context, on controlmode.ServerID, s controlmode.SessionInfo) error {
	uid, user, ok := parseIdentity(s.Option)
	if !ok {
		r.warnOnce(on, s, "it carries no identity")
		return nil
	}
	row, err := r.store.SessionByUID(ctx, uid)
	switch {
	case errors.Is(err, db.ErrNotFound):
		return r.adoptOrphan(ctx, on, s, uid, user)
	case err != nil:
		return storeError(err)
	case row.Server == r.opts.Server:
		return nil // created after the records were read
	}
	return r.takeOver(ctx, on, s, row)
}

// takeOver moves a row to our server's name, since its session is on our tmux server.
func (r *Registry) takeOver(ctx context.Context, on controlmode.ServerID, s controlmode.SessionInfo, row db.Session) error {
	from := row.Server
	row, err := r.store.StartSession(ctx, row.ID, r.opts.Server, on.String(), s.ID.String(), r.opts.Now())
	switch {
	case errors.Is(err, db.ErrNotFound):
		return nil // deleted meanwhile; the next reconciliation finds an orphan
	case errors.Is(err, db.ErrConflict):
		r.warnOnce(on, s, "its owner has given its name to another")
		return nil
	case err != nil:
		return storeError(err)
	}
	r.records.put(row)
	r.log.Info("session taken over", "session", row.ID, "from", from, "tmux", s.ID.String())
	return nil
}

// adoptOrphan makes a row for a session whose row is gone.
func (r *Registry) adoptOrphan(ctx context.Context, on controlmode.ServerID, s controlmode.SessionInfo, uid, user string) error {
	// End kills the tmux session first and deletes the row after that. So a session
	// without a row is an orphan only if tmux still has it now.
	tctx, cancel := tmux.Context(ctx)
	panes, err := r.tmux.On(on).ListPanes(tctx, s.ID)
	cancel()
	if errors.Is(err, controlmode.ErrNotFound) {
		return nil
	}
	if err != nil {
		return tmux.Translate(err, tmux.Reading)
	}
	owner, err := r.store.UserByName(ctx, user)
	if errors.Is(err, db.ErrNotFound) {
		r.warnOnce(on, s, fmt.Sprintf("its owner %q is not a user", user))
		return nil
	}
	if err != nil {
		return storeError(err)
	}
	row, err := r.store.AdoptSession(ctx, adoptedRow(r.opts, on, s, uid, owner, panes))
	if err != nil {
		return storeError(err)
	}
	r.records.put(row)
	r.log.Info("session adopted", "session", row.ID, "user", user, "tmux", s.ID.String())
	return nil
}

// adoptedRow is the new row of a session whose row is gone. Its name, command, folder,
// labels and settings are lost.
func adoptedRow(o Options, on controlmode.ServerID, s controlmode.SessionInfo, uid string, owner db.User, panes []controlmode.PaneInfo) db.Session {
	row := db.Session{
		UID: uid, User: owner, Status: string(session.Running), Server: o.Server,
		ServerIdentity: on.String(), TmuxID: s.ID.String(), CreateTime: o.Now(),
		Width: session.DefaultWidth, Height: session.DefaultHeight,
	}
	if len(panes) > 0 {
		row.Width, row.Height = panes[0].Width, panes[0].Height
	}
	return row
}

// tmuxSession identifies a tmux session of any server.
type tmuxSession struct {
	server  controlmode.ServerID
	session controlmode.SessionID
}

// warnOnce logs why a session on our tmux server is left alone, once for each session.
func (r *Registry) warnOnce(on controlmode.ServerID, s controlmode.SessionInfo, why string) {
	key := tmuxSession{server: on, session: s.ID}
	if r.warned[key] {
		return
	}
	r.warned[key] = true
	r.log.Warn("a tmux session is left alone: "+why, "tmux", s.ID.String())
}

// forgetWarned forgets the warnings about sessions that no longer exist.
func (r *Registry) forgetWarned(on controlmode.ServerID, present map[controlmode.SessionID]bool) {
	maps.DeleteFunc(r.warned, func(key tmuxSession, _ bool) bool {
		return key.server != on || !present[key.session]
	})
}
