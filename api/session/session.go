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

// Valid reports whether there is such a status.
func (s Status) Valid() bool { return s == Starting || s == Running || s.Ended() }

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
	Labels     map[string]string
	Command    []string // empty: the user's login shell
	Cwd        string
	// KeepAfterExit leaves what a program printed there to be read when it has
	// ended: then Status is Exited, and there still are Panes.
	KeepAfterExit bool
	Exit          *Exit    // how the active pane's program ended; nil: it has not, or that is not known
	Windows       []Window // empty in a list
	Panes         []Pane   // empty unless tmux has the session
}

// Window is one window of a session.
type Window struct {
	ID            string // tmux's window id, "@3"
	Index         int
	Name          string
	Active        bool // the session's current window
	Width, Height int
	Zoomed        bool   // its active pane fills it
	Layout        string // tmux's description of where its panes are
}

// Pane is one pane of a session.
type Pane struct {
	ID          string // tmux's pane id, "%5"
	Window      string // tmux's window id, "@3"
	Active      bool   // the pane that capture and send use when none is named
	Width       int
	Height      int
	PID         int // of the process that tmux started in it
	Dead        bool
	*PaneDetail // nil in a list of sessions
}

// PaneDetail is what takes a closer look.
type PaneDetail struct {
	Index          int    // in its window
	ActiveInWindow bool   // the active pane of its window
	Left, Top      int    // in its window, cells
	Title          string // set by the program
	CurrentCommand string // the foreground program's name
	CurrentPath    string // its working directory
	Cursor         PaneCursor
	Alternate      bool   // the program has the alternate screen
	Mode           string // "copy-mode" and others; empty: none
	HistorySize    int    // lines
	Exit           *Exit  // of a dead pane's program
}

// PaneCursor is where a pane's cursor is, in cells from the top left.
type PaneCursor struct {
	X, Y    int
	Visible bool
}

// Exit is how a program ended.
type Exit struct {
	Code   int // its exit status; 128 and the signal's number, as shells have it, when one ended it
	Signal int // that ended it; 0: none
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
	Labels  map[string]string
	// KeepAfterExit: see Session.
	KeepAfterExit bool
}

// defaultName is the name of a session whose owner gave none.
func defaultName(id int64) string { return fmt.Sprintf("session-%d", id) }
