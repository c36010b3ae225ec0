package wire

// Notification is an event that tmux reports to a control client unasked. The set of
// types is closed; a line that this package does not know is an Unknown.
type Notification interface{ notification() }

type (
	// Output is bytes that a pane's program wrote (%output, and
	// %extended-output from tmux 3.2). tmux splits them anywhere, also
	// inside a UTF-8 sequence.
	Output struct {
		Pane PaneID
		Data []byte
		// Age is how long tmux held the bytes, in milliseconds, when
		// pause-after is set; else 0.
		Age int
	}
	// LayoutChange: a window's layout changed (%layout-change).
	LayoutChange struct {
		Window                 WindowID
		Layout, Visible, Flags string
	}
	// WindowAdd: a window was linked; Unlinked says into another session than
	// this client's (%window-add, %unlinked-window-add).
	WindowAdd struct {
		Window   WindowID
		Unlinked bool
	}
	// WindowClose: a window was closed or unlinked. Up to tmux 3.7 the close
	// of the client's own windows arrives as Unlinked, too.
	WindowClose struct {
		Window   WindowID
		Unlinked bool
	}
	// WindowRenamed: a window has a new name. Up to tmux 3.6 a newline in the name
	// arrives raw, and the rest of the name as an Unknown.
	WindowRenamed struct {
		Window   WindowID
		Name     string
		Unlinked bool
	}
	// SessionsChanged: a session was created or destroyed; tmux does not say
	// which.
	SessionsChanged struct{}
	// SessionChanged: this client is attached to another session.
	SessionChanged struct {
		Session SessionID
		Name    string
	}
	// SessionRenamed: a session has a new name.
	SessionRenamed struct {
		Session SessionID
		Name    string
	}
	// SessionWindowChanged: a session has another current window.
	SessionWindowChanged struct {
		Session SessionID
		Window  WindowID
	}
	// WindowPaneChanged: a window has another active pane.
	WindowPaneChanged struct {
		Window WindowID
		Pane   PaneID
	}
	// PaneModeChanged: a pane entered or left a mode, such as copy mode.
	PaneModeChanged struct{ Pane PaneID }
	// ClientSessionChanged: another client is attached to another session.
	ClientSessionChanged struct {
		Client  string
		Session SessionID
		Name    string
	}
	// ClientDetached: another client detached (tmux 3.2).
	ClientDetached struct{ Client string }
	// Pause: tmux holds a pane's output back (tmux 3.2, pause-after). From 3.8 on,
	// tmux also reports a client's own pause, and as Continue its own resumption.
	Pause struct{ Pane PaneID }
	// Continue: a paused pane's output flows again (tmux 3.2).
	Continue struct{ Pane PaneID }
	// SubscriptionChanged: a subscribed format has a new value (tmux 3.2). Fields is
	// the text between the name and " : ".
	SubscriptionChanged struct {
		Name, Fields string
		Value        []byte
	}
	// Message is a status-line message for this client (tmux 3.4).
	Message struct{ Text string }
	// ConfigError is a mistake in a configuration file (tmux 3.4).
	ConfigError struct{ Text string }
	// PasteBufferChanged: a buffer was set (tmux 3.4).
	PasteBufferChanged struct{ Name string }
	// PasteBufferDeleted: a buffer was deleted (tmux 3.4).
	PasteBufferDeleted struct{ Name string }
	// Exit: tmux ends this client; the stream goes on to its end of file.
	Exit struct{ Reason string }
	// Unasked is a block that answers no command of this client: the
	// attach's, a hook's.
	Unasked struct {
		Failed bool
		Body   []byte
	}
	// Unknown is any other line, as it came.
	Unknown struct{ Line []byte }
	// Connected comes from a Server, not from tmux: there is a new connection, to the
	// named tmux server, and events before it were not seen.
	Connected struct{ Server ServerID }
	// Missed stands for notifications that a slow Subscription, or an answer that was
	// too large, lost. Ask again for the state that they would have reported.
	Missed struct{}
)

func (Output) notification()               {}
func (LayoutChange) notification()         {}
func (WindowAdd) notification()            {}
func (WindowClose) notification()          {}
func (WindowRenamed) notification()        {}
func (SessionsChanged) notification()      {}
func (SessionChanged) notification()       {}
func (SessionRenamed) notification()       {}
func (SessionWindowChanged) notification() {}
func (WindowPaneChanged) notification()    {}
func (PaneModeChanged) notification()      {}
func (ClientSessionChanged) notification() {}
func (ClientDetached) notification()       {}
func (Pause) notification()                {}
func (Continue) notification()             {}
func (SubscriptionChanged) notification()  {}
func (Message) notification()              {}
func (ConfigError) notification()          {}
func (PasteBufferChanged) notification()   {}
func (PasteBufferDeleted) notification()   {}
func (Exit) notification()                 {}
func (Unasked) notification()              {}
func (Unknown) notification()              {}
func (Connected) notification()            {}
func (Missed) notification()               {}
