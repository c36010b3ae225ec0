// Package session is Interplexer's domain: who owns which tmux session, and
// what may be done to it. Every front end (REST, dashboard, …) calls a
// Registry and never the tmux connection or the store itself.
package session

import (
	"fmt"
	"time"
)

// Status says what is known of a session's tmux side.
type Status string

const (
	// Starting: the row exists, tmux has not confirmed the session yet.
	Starting Status = "starting"
	// Running: tmux holds the session.
	Running Status = "running"
	// Exited: the session ended while its tmux server lived on.
	Exited Status = "exited"
	// Lost: the tmux server went away and took the session with it.
	Lost Status = "lost"
)

// Ended reports whether the session has no tmux side any more.
func (s Status) Ended() bool { return s == Exited || s == Lost }

// Principal is the authenticated caller on whose behalf a call is made.
type Principal struct {
	UserID  int64
	User    string
	Admin   bool
	TokenID int64
}

// Session is one tmux session as its owner sees it.
type Session struct {
	ID         int64
	User       string
	Name       string
	Status     Status
	CreateTime time.Time
	ModifyTime time.Time
	Width      int // of a new window, in cells
	Height     int
	Command    []string // empty: the user's login shell
	Cwd        string
	Panes      []Pane // empty unless Running
}

// Pane is one pane of a running session.
type Pane struct {
	ID     string // tmux's pane id, "%5"
	Window string // tmux's window id, "@3"
	Active bool   // the pane that capture and send use when none is named
	Width  int
	Height int
	PID    int // of the process that tmux started in it
	Dead   bool
}

// CreateOptions describe a new session; the zero value is the owner's login
// shell in the home directory at 80x24.
type CreateOptions struct {
	Name    string // unique among the owner's live sessions; empty: "session-<id>"
	Command []string
	Cwd     string // absolute
	Env     map[string]string
	Width   int
	Height  int
}

// CaptureOptions choose what a capture shows; the zero value is the whole
// visible screen of the active pane.
type CaptureOptions struct {
	Pane string // "%5"; empty: the active pane
	Trim bool   // drop blank lines at the end
}

// defaultName is the name of a session whose owner gave none.
func defaultName(id int64) string { return fmt.Sprintf("session-%d", id) }
