package controlmode

import "strconv"

// command builds the text of one command line. Constant words are written as
// they are; everything else goes through appendQuoted or is an id or a number.
type command struct {
	text []byte
	err  error
}

func newCommand(name string) *command {
	return &command{text: append(make([]byte, 0, 96), name...)}
}

// then starts another command on the same line: tmux runs the commands of one
// line without letting anything in between, and drops the rest after an error.
func (c *command) then(name string) *command { return c.word(";").word(name) }

// word appends a constant of this package: a flag, an option's name.
func (c *command) word(w string) *command {
	c.text = append(append(c.text, ' '), w...)
	return c
}

// number appends a decimal number.
func (c *command) number(n int) *command {
	c.text = strconv.AppendInt(append(c.text, ' '), int64(n), 10)
	return c
}

// arg appends text of any origin as one argument.
func (c *command) arg(s string) *command {
	text, err := appendQuoted(append(c.text, ' '), s)
	if err != nil {
		c.err = err
		return c
	}
	c.text = text
	return c
}

// format appends text of any origin as an argument that tmux will expand as a
// format, so that it comes out as s.
func (c *command) format(s string) *command { return c.arg(escapeFormat(s)) }

// to appends -t and the target.
func (c *command) to(t Target) *command {
	c.text = t.appendTo(append(c.text, " -t "...))
	return c
}

// Target says which pane a command is for. The zero value is session $0's
// active pane.
type Target struct {
	Session   SessionID
	window    WindowID
	pane      PaneID
	hasWindow bool
	hasPane   bool
}

// ActivePane is the active pane of a session's current window.
func ActivePane(s SessionID) Target { return Target{Session: s} }

// PaneOf is one pane of a session. tmux itself refuses the command with
// ErrNotFound when the pane is not in one of the session's windows.
func PaneOf(s SessionID, p PaneID) Target { return Target{Session: s, pane: p, hasPane: true} }

// WindowOf is the active pane of one window of a session. tmux itself refuses the
// command with ErrNotFound when the window is not the session's.
func WindowOf(s SessionID, w WindowID) Target {
	return Target{Session: s, window: w, hasWindow: true}
}

func (t Target) appendTo(dst []byte) []byte {
	dst = append(dst, '\'', '$')
	dst = strconv.AppendUint(dst, uint64(t.Session), 10)
	dst = append(dst, ':')
	if t.hasWindow {
		dst = append(dst, '@')
		dst = strconv.AppendUint(dst, uint64(t.window), 10)
	}
	if t.hasPane {
		dst = append(dst, '.', '%')
		dst = strconv.AppendUint(dst, uint64(t.pane), 10)
	}
	return append(dst, '\'')
}
