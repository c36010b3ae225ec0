package controlmode

import "interplexer/controlmode/internal/wire"

// The ids of tmux. They are unique for the life of one tmux server process only.
type (
	// SessionID is tmux's id of a session, written "$1".
	SessionID = wire.SessionID
	// WindowID is tmux's id of a window, written "@1".
	WindowID = wire.WindowID
	// PaneID is tmux's id of a pane, written "%1".
	PaneID = wire.PaneID
	// ServerID names one tmux server process: its PID, its Start (Unix seconds)
	// and its Socket. Two are equal only if they are the same process on the
	// same socket.
	ServerID = wire.ServerID
)

// ParseSessionID reads a session id as tmux writes it: "$" and a decimal number.
func ParseSessionID(s string) (SessionID, error) { return wire.ParseSessionID(s) }

// ParseWindowID reads a window id as tmux writes it: "@" and a decimal number.
func ParseWindowID(s string) (WindowID, error) { return wire.ParseWindowID(s) }

// ParsePaneID reads a pane id as tmux writes it: "%" and a decimal number.
func ParsePaneID(s string) (PaneID, error) { return wire.ParsePaneID(s) }

// ParseServerID reads the text that ServerID.String wrote.
func ParseServerID(s string) (ServerID, error) { return wire.ParseServerID(s) }

// Target says which pane a command is for. The zero value is session $0's
// active pane.
type Target = wire.Target

// ActivePane is the active pane of a session's current window.
func ActivePane(s SessionID) Target { return wire.ActivePane(s) }

// PaneOf is one pane of a session. tmux itself refuses the command with
// ErrNotFound when the pane is not in one of the session's windows.
func PaneOf(s SessionID, p PaneID) Target { return wire.PaneOf(s, p) }

// WindowOf is the active pane of one window of a session. tmux itself refuses
// the command with ErrNotFound when the window is not the session's.
func WindowOf(s SessionID, w WindowID) Target { return wire.WindowOf(s, w) }

// Errors of the protocol.
var (
	// ErrProtocol: the stream broke the rules by which answers are told apart.
	// The connection is given up rather than trusted.
	ErrProtocol = wire.ErrProtocol
	// ErrNUL: the text holds a NUL byte. tmux's arguments are C strings and
	// cannot carry one.
	ErrNUL = wire.ErrNUL
)

// Notification is an event that tmux reports to a control client unasked. The set
// of types is closed; a line that this package does not know is an Unknown.
type Notification = wire.Notification

// The notifications.
type (
	// Output is bytes that a pane's program wrote (%output, and
	// %extended-output from tmux 3.2). tmux splits them anywhere, also inside a
	// UTF-8 sequence. Age is how long tmux held them, in milliseconds, when
	// pause-after is set; else 0.
	Output = wire.Output
	// LayoutChange: a window's layout changed.
	LayoutChange = wire.LayoutChange
	// WindowAdd: a window was linked; Unlinked says into another session than
	// this client's.
	WindowAdd = wire.WindowAdd
	// WindowClose: a window was closed or unlinked. Up to tmux 3.7 the close of
	// the client's own windows arrives as Unlinked, too.
	WindowClose = wire.WindowClose
	// WindowRenamed: a window has a new name. Up to tmux 3.6 a newline in the
	// name arrives raw, and the rest of the name as an Unknown.
	WindowRenamed = wire.WindowRenamed
	// SessionsChanged: a session was created or destroyed; tmux does not say
	// which.
	SessionsChanged = wire.SessionsChanged
	// SessionChanged: this client is attached to another session.
	SessionChanged = wire.SessionChanged
	// SessionRenamed: a session has a new name.
	SessionRenamed = wire.SessionRenamed
	// SessionWindowChanged: a session has another current window.
	SessionWindowChanged = wire.SessionWindowChanged
	// WindowPaneChanged: a window has another active pane.
	WindowPaneChanged = wire.WindowPaneChanged
	// PaneModeChanged: a pane entered or left a mode, such as copy mode.
	PaneModeChanged = wire.PaneModeChanged
	// ClientSessionChanged: another client is attached to another session.
	ClientSessionChanged = wire.ClientSessionChanged
	// ClientDetached: another client detached (tmux 3.2).
	ClientDetached = wire.ClientDetached
	// Pause: tmux holds a pane's output back (tmux 3.2, pause-after). From 3.8
	// on tmux also reports a Hub's own Pause.
	Pause = wire.Pause
	// Continue: a paused pane's output flows again (tmux 3.2). From 3.8 on tmux
	// also reports a Hub's own Resume.
	Continue = wire.Continue
	// SubscriptionChanged: a subscribed format has a new value (tmux 3.2).
	SubscriptionChanged = wire.SubscriptionChanged
	// Message is a status-line message for this client (tmux 3.4).
	Message = wire.Message
	// ConfigError is a mistake in a configuration file (tmux 3.4).
	ConfigError = wire.ConfigError
	// PasteBufferChanged: a buffer was set (tmux 3.4).
	PasteBufferChanged = wire.PasteBufferChanged
	// PasteBufferDeleted: a buffer was deleted (tmux 3.4).
	PasteBufferDeleted = wire.PasteBufferDeleted
	// Exit: tmux ends this client; the stream goes on to its end of file.
	Exit = wire.Exit
	// Unasked is a block that answers no command of this client: the attach's,
	// a hook's.
	Unasked = wire.Unasked
	// Unknown is any other line, as it came.
	Unknown = wire.Unknown
	// Connected comes from a Server, not from tmux: there is a new connection, to
	// the named tmux server, and events before it were not seen.
	Connected = wire.Connected
	// Missed stands for notifications that a slow Subscription, or an answer
	// that was too large, lost: ask again for the state that they would have
	// reported.
	Missed = wire.Missed
)
