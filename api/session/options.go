package session

// Limits of what a caller may ask for.
const (
	MaxSize       = 10_000    // cells, either way: tmux's own limit
	MaxNameLength = 64        // characters
	MaxCommand    = 128 << 10 // bytes of a command or of an environment: the kernel's limit for one string
	MaxWords      = 1000      // of a command, variables of an environment, or keys of a call
)

// The size of a session whose owner names none, in cells.
const (
	DefaultWidth  = 80
	DefaultHeight = 24
)

// CreateOptions describe a new session. The zero value is the login shell in the home
// directory, with 80x24 cells.
type CreateOptions struct {
	Name    string // unique among the owner's live sessions; empty: DefaultName
	Command []string
	Cwd     string // absolute
	Env     map[string]string
	Width   int
	Height  int
	Labels  map[string]string
	// KeepAfterExit: see Session.
	KeepAfterExit bool
	// Launcher returns the program and arguments that tmux starts in place of Command,
	// which is checked and recorded all the same. It is called once, when nothing else
	// can be refused, with the path of the tmux server's socket; nil: tmux starts Command.
	Launcher func(socket string) ([]string, error)
}

// Edit is a change of a session; the zero value changes nothing.
type Edit struct {
	Name   *string            // "": DefaultName again
	Labels map[string]*string // changes; nil removes one (RFC 7396)
	Width  int                // of the current window and of new ones; 0: unchanged
	Height int
	// KeepAfterExit: see Session. When it is turned off, a program that has ended
	// already keeps its pane until the pane is killed or respawned.
	KeepAfterExit *bool
}

// Empty reports whether e changes nothing.
func (e Edit) Empty() bool {
	return e.Name == nil && len(e.Labels) == 0 && !e.ChangesTmux()
}

// Resizes reports whether e gives the session another size.
func (e Edit) Resizes() bool { return e.Width != 0 || e.Height != 0 }

// ChangesTmux reports whether e changes the tmux session, and not only the row.
func (e Edit) ChangesTmux() bool { return e.Resizes() || e.KeepAfterExit != nil }

// PageOptions select some of a caller's sessions. The zero value selects all.
type PageOptions struct {
	Status []Status          // one of these; empty: any
	Labels map[string]string // all of these
	After  int64             // only greater ids
	Limit  int               // 0: no limit
}

// Page is a part of a caller's sessions, in the order of their ids.
type Page struct {
	Sessions []Session
	More     bool // there are others after them
}

// Program is the program of a new window or pane. The zero value is the login shell in the
// session's directory.
type Program struct {
	Command []string
	Cwd     string // absolute
	Env     map[string]string
}

// NewWindow describes a new window.
type NewWindow struct {
	Program
	Name       string // empty: the program's
	Background bool   // the session's current window stays the same
}

// WindowChange is a change of a window; nil leaves a property unchanged.
type WindowChange struct {
	Name   *string
	Layout *string // one of tmux's own: "tiled" and others
	Select bool    // make it the session's current window
}

// NewPane describes a new pane beside another.
type NewPane struct {
	Program
	Pane       string // the pane that is split; empty: the active one
	Side       string // of that pane: "below", "above", "right" or "left"; empty: below
	Size       int    // lines, or columns of a pane at a side; 0: half
	Percent    bool   // Size is in percent
	Background bool   // the active pane stays the same
}

// PaneChange is a change of a pane; nil or 0 leaves a property unchanged.
type PaneChange struct {
	Width, Height int
	Zoomed        *bool // fill the window
	Select        bool  // make it its window's active pane
}

// Kinds of changes of a user's list of sessions.
const (
	ChangeCreated = "created"
	ChangeRenamed = "renamed"
	ChangeEdited  = "edited" // its labels, its size, or whether it is kept after its end
	ChangeStatus  = "status"
	ChangeEnded   = "ended"
	ChangeDeleted = "deleted"
)

// Change is one change of a user's list of sessions.
type Change struct {
	Kind    string
	Session Session // after the change, without its panes
}

// Stats are figures of the live screens and of the connection to tmux.
type Stats struct {
	Held     int    // long-polls and streams now
	Watched  int    // sessions now
	Captures uint64 // captures that tmux was asked for so far
	Hits     uint64 // looks answered from a cache so far
	Tmux     string // "connected", "degraded" or "down"
	Connects int    // connections to tmux so far
}
