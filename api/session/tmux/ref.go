// Package tmux has the parts that live and registry share for their calls to tmux: Ref,
// which names a user's session on a tmux server; Context, which bounds a call; and
// Translate, which turns an error of a call into one of the domain.
//
// The commands themselves are in controlmode.
package tmux

import (
	"interplexer/api/session"
	"interplexer/controlmode"
)

// Ref names a user's session on a tmux server. It is a value, and does not change when the
// session ends or moves.
type Ref struct {
	ID     int64  // of the session's row
	Owner  string // the user's name: commands take turns by user
	Server controlmode.ServerID
	Tmux   controlmode.SessionID
}

// Same reports whether both name the same tmux session. One tmux server never
// gives two sessions the same id.
func (r Ref) Same(other Ref) bool { return r.Server == other.Server && r.Tmux == other.Tmux }

// Servers return the Client of one process of a tmux server; *controlmode.Server is one.
type Servers interface {
	On(id controlmode.ServerID) controlmode.Client
}

// Client returns the client that sends commands to the session's tmux server on behalf of
// its owner.
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
