package session

import (
	"interplexer/controlmode"
	"interplexer/db"
)

// record is a row and what it means to tmux. It is never changed: whoever holds
// one holds what was true then.
type record struct {
	row     db.Session
	server  controlmode.ServerID  // valid when running
	tmux    controlmode.SessionID // valid when running
	unsaved bool                  // has ended, and the store does not know yet
	changed uint64                // the count of changes when this one was made
}

// newRecord reads a row. One that says running but not where cannot be told
// from one whose tmux server is gone, and is treated as such.
func newRecord(row db.Session) *record {
	rec := &record{row: row}
	if Status(row.Status) == Running {
		rec.server, _ = controlmode.ParseServerID(row.ServerIdentity)
		rec.tmux, _ = controlmode.ParseSessionID(row.TmuxID)
	}
	return rec
}

// endedAs is the record when its session has ended, and the store does not know.
func (rec *record) endedAs(status Status) *record {
	ended := *rec
	ended.row.Status, ended.unsaved = string(status), true
	return &ended
}

func (rec *record) status() Status { return Status(rec.row.Status) }

// sameTmux reports whether both were running as the same session of tmux's; one
// tmux server never gives two the same id.
func (rec *record) sameTmux(other *record) bool {
	return rec.server == other.server && rec.tmux == other.tmux
}

// on is the record's tmux server, on behalf of its owner.
func (rec *record) on(tmux Tmux) controlmode.Client {
	return tmux.On(rec.server).For(rec.row.User.Name)
}

// target names a pane of the record's session, the active one if pane is empty.
func (rec *record) target(pane string) (controlmode.Target, error) {
	if pane == "" {
		return controlmode.ActivePane(rec.tmux), nil
	}
	id, err := controlmode.ParsePaneID(pane)
	if err != nil {
		return controlmode.Target{}, invalid("pane", `is not a pane id such as "%5"`)
	}
	return controlmode.PaneOf(rec.tmux, id), nil
}

// session is the owner's view of a record, with what tmux lists of its panes.
func (rec *record) session(panes []controlmode.PaneInfo) Session {
	s := rec.bare()
	dead := len(panes) > 0
	for _, p := range panes {
		s.Panes = append(s.Panes, newPane(p))
		dead = dead && p.Dead
	}
	s.finish(dead)
	return s
}

// described is session with all that tmux tells.
func (rec *record) described(panes []controlmode.PaneDetail) Session {
	s := rec.bare()
	s.Windows, s.Panes = newWindows(panes)
	dead := len(panes) > 0
	for i, p := range panes {
		dead = dead && p.Dead
		if p.Active {
			s.Exit = s.Panes[i].Exit
		}
	}
	s.finish(dead)
	return s
}

// finish says what it means that all programs have ended, when they have.
func (s *Session) finish(dead bool) {
	if dead && s.Status == Running && s.KeepAfterExit {
		s.Status = Exited
		return
	}
	s.Exit = nil
}

// bare is what the row tells.
func (rec *record) bare() Session {
	row := rec.row
	s := Session{
		ID: row.ID, User: row.User.Name, Name: row.Name, Status: rec.status(),
		CreateTime: row.CreateTime, ModifyTime: row.ModifyTime,
		Width: row.Width, Height: row.Height, Command: row.Command, Cwd: row.Cwd, Labels: row.Labels,
		KeepAfterExit: row.KeepAfterExit,
	}
	if s.Name == "" {
		s.Name = defaultName(row.ID)
	}
	return s
}
