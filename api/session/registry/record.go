package registry

import (
	"maps"

	"interplexer/api/session"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// record is a row and the place of its session in tmux. It is immutable: a change makes a
// new record.
type record struct {
	row       db.Session
	ref       tmux.Ref // its Server and Tmux are valid when running
	unsaved   bool     // the session has ended, and the store does not have that yet
	changedAt uint64   // the count of changes when this record was made
}

// newRecord makes the record of a row. If a running row names no tmux server, its server
// counts as gone.
func newRecord(row db.Session) *record {
	rec := &record{row: row, ref: tmux.Ref{ID: row.ID, Owner: row.User.Name}}
	if session.Status(row.Status) == session.Running {
		rec.ref.Server, _ = controlmode.ParseServerID(row.ServerIdentity)
		rec.ref.Tmux, _ = controlmode.ParseSessionID(row.TmuxID)
	}
	return rec
}

// withEnd returns the record after the end of its session, which the store does not have
// yet.
func (rec *record) withEnd(status session.Status) *record {
	ended := *rec
	ended.row.Status, ended.unsaved = string(status), true
	return &ended
}

func (rec *record) status() session.Status { return session.Status(rec.row.Status) }

// hasOtherSettings reports whether a record and a later one differ in settings that an
// Edit changes, except the name.
func (rec *record) hasOtherSettings(now *record) bool {
	a, b := rec.row, now.row
	return !maps.Equal(a.Labels, b.Labels) || a.Width != b.Width || a.Height != b.Height || a.KeepAfterExit != b.KeepAfterExit
}

// pane parses the id of a pane. For text that cannot be an id it fails with ErrNotFound.
func (rec *record) pane(id string) (controlmode.Target, error) {
	pane, err := controlmode.ParsePaneID(id)
	if err != nil {
		return controlmode.Target{}, session.ErrNotFound
	}
	return controlmode.PaneOf(rec.ref.Tmux, pane), nil
}

// window parses the id of a window. It fails as pane does.
func (rec *record) window(id string) (controlmode.WindowID, error) {
	w, err := controlmode.ParseWindowID(id)
	if err != nil {
		return 0, session.ErrNotFound
	}
	return w, nil
}

// session returns the owner's view of a record, with the panes of a list.
func (rec *record) session(panes []controlmode.PaneInfo) session.Session {
	s := rec.withoutPanes()
	s.Panes = tmux.Panes(panes)
	dead := len(panes) > 0
	for _, p := range panes {
		dead = dead && p.Dead
	}
	return withExit(s, dead)
}

// described is session with the windows and with all details of the panes.
func (rec *record) described(panes []controlmode.PaneDetail) session.Session {
	s := rec.withoutPanes()
	s.Windows, s.Panes = newWindows(panes)
	dead := len(panes) > 0
	for i, p := range panes {
		dead = dead && p.Dead
		if p.Active {
			s.Exit = s.Panes[i].Exit
		}
	}
	return withExit(s, dead)
}

// withExit sets the status Exited if all of a session's programs have ended and the session
// is kept after their end.
func withExit(s session.Session, dead bool) session.Session {
	if dead && s.Status == session.Running && s.KeepAfterExit {
		s.Status = session.Exited
	} else {
		s.Exit = nil
	}
	return s
}

// withoutPanes returns the session as the row describes it.
func (rec *record) withoutPanes() session.Session {
	row := rec.row
	s := session.Session{
		ID: row.ID, User: row.User.Name, Name: row.Name, Status: rec.status(),
		CreateTime: row.CreateTime, ModifyTime: row.ModifyTime,
		Width: row.Width, Height: row.Height, Command: row.Command, Cwd: row.Cwd, Labels: row.Labels,
		KeepAfterExit: row.KeepAfterExit,
	}
	if s.Name == "" {
		s.Name = session.DefaultName(row.ID)
	}
	return s
}
