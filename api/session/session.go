package session

import (
	"fmt"
	"slices"
	"time"
)

// Status is the state of a session.
type Status string

const (
	// Starting: the row exists, and tmux has not confirmed the session yet.
	Starting Status = "starting"
	// Running: tmux has the session.
	Running Status = "running"
	// Exited: the session has ended, and its tmux server has not.
	Exited Status = "exited"
	// Lost: the tmux server has ended, and the session with it.
	Lost Status = "lost"
)

// Ended reports whether the session has ended: tmux does not have it any more.
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
	// KeepAfterExit keeps the screen of a program that has ended: then Status is
	// Exited, and there still are Panes.
	KeepAfterExit bool
	Exit          *Exit    // how the active pane's program ended; nil: it has not, or that is not known
	Windows       []Window // empty in a list
	Panes         []Pane   // empty unless tmux has the session
}

// DefaultName returns the name of a session whose owner gave it none.
func DefaultName(id int64) string { return fmt.Sprintf("session-%d", id) }

// Window is one window of a session.
type Window struct {
	ID            string // tmux's window id, "@3"
	Index         int
	Name          string
	Active        bool // the session's current window
	Width, Height int
	Zoomed        bool   // its active pane fills it
	Layout        string // the places of its panes, in tmux's format
}

// Pane is one pane of a session.
type Pane struct {
	ID          string // tmux's pane id, "%5"
	Window      string // tmux's window id, "@3"
	Active      bool   // the pane that a call uses when it names none
	Width       int
	Height      int
	PID         int // of the process that tmux started in it
	Dead        bool
	*PaneDetail // nil in a list of sessions
}

// PaneDetail is the part of a Pane that only calls about one session have, and lists do not.
type PaneDetail struct {
	Index          int    // in its window
	ActiveInWindow bool   // the active pane of its window
	Left, Top      int    // in its window, in cells
	Title          string // set by the program
	CurrentCommand string // the foreground program's name
	CurrentPath    string // its working directory
	Cursor         PaneCursor
	Alternate      bool   // the program uses the alternate screen
	Mode           string // "copy-mode" and others; empty: none
	HistorySize    int    // lines
	Exit           *Exit  // of a dead pane's program
}

// PaneCursor is the place of a pane's cursor, in cells from the top left.
type PaneCursor struct {
	X, Y    int
	Visible bool
}

// Exit is how a program ended.
type Exit struct {
	Code   int // its exit status; after a signal 128 and the signal's number, as in a shell
	Signal int // the signal that ended it; 0: none
}

// Window returns one of the session's windows and the panes in it. It fails with
// ErrNotFound.
func (s Session) Window(id string) (Window, []Pane, error) {
	i := slices.IndexFunc(s.Windows, func(w Window) bool { return w.ID == id })
	if i < 0 {
		return Window{}, nil, ErrNotFound
	}
	var panes []Pane
	for _, p := range s.Panes {
		if p.Window == id {
			panes = append(panes, p)
		}
	}
	return s.Windows[i], panes, nil
}

// Pane returns one of the session's panes. It fails with ErrNotFound.
func (s Session) Pane(id string) (Pane, error) {
	i := slices.IndexFunc(s.Panes, func(p Pane) bool { return p.ID == id })
	if i < 0 {
		return Pane{}, ErrNotFound
	}
	return s.Panes[i], nil
}
