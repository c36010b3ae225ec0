// Package tmux is what the rooms of the domain share of tmux: Ref, which names a
// user's session on a tmux server; Context, which bounds a call to tmux; and
// Translate, which turns an error of tmux into one of the domain.
//
// live and registry use it. Commands themselves are in controlmode.
package tmux

import (
	"interplexer/api/session"
	"interplexer/controlmode"
)

// Ref names a user's session on a tmux server. It is a value: it says what was
// true when it was made.
type Ref struct {
	ID     int64  // of the session's row
	Owner  string // the user's name, in whose turn commands are sent
	Server controlmode.ServerID
	Tmux   controlmode.SessionID
}

// Same reports whether both name the same tmux session. One tmux server never
// gives two sessions the same id.
func (r Ref) Same(other Ref) bool { return r.Server == other.Server && r.Tmux == other.Tmux }

// Servers give the Client of one process of a tmux server; *controlmode.Server
// is one.
type Servers interface {
	On(id controlmode.ServerID) controlmode.Client
}

// Client sends commands to the session's tmux server on behalf of its owner.
func (r Ref) Client(s Servers) controlmode.Client { return s.On(r.Server).For(r.Owner) }

// Target names a pane of the session, the active one if pane is empty. It fails
// with a *session.InvalidError when pane cannot be a pane's id.
func (r Ref) Target(pane string) (controlmode.Target, error) {
	if pane == "" {
		return controlmode.ActivePane(r.Tmux), nil
	}
	id, err := controlmode.ParsePaneID(pane)
	if err != nil {
		return controlmode.Target{}, session.Invalid("pane", `is not a pane id such as "%5"`)
	}
	return controlmode.PaneOf(r.Tmux, id), nil
}
