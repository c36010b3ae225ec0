package wire

import "strconv"

// Command builds the text of one command line. Constant words are written unchanged.
// Everything else is an id, a number, or goes through AppendQuoted.
type Command struct {
	Text []byte
	Err  error // the first error of Arg or Format
}

// NewCommand starts a line with a command.
func NewCommand(name string) *Command {
	return &Command{Text: append(make([]byte, 0, 96), name...)}
}

// Then starts another command on the same line. tmux runs the commands of one line
// with no other in between, and skips the rest of them after an error.
func (c *Command) Then(name string) *Command { return c.Word(";").Word(name) }

// Word appends a constant of the program: a flag, an option's name.
func (c *Command) Word(w string) *Command {
	c.Text = append(append(c.Text, ' '), w...)
	return c
}

// Number appends a decimal number.
func (c *Command) Number(n int) *Command {
	c.Text = strconv.AppendInt(append(c.Text, ' '), int64(n), 10)
	return c
}

// Size appends a decimal number; with percent, as a percentage.
func (c *Command) Size(n int, percent bool) *Command {
	c.Number(n)
	if percent {
		c.Text = append(c.Text, '%')
	}
	return c
}

// Hex appends each byte as an argument of two hexadecimal digits.
func (c *Command) Hex(s string) *Command {
	for i := range len(s) {
		c.Text = append(c.Text, ' ', hexDigits[s[i]>>4], hexDigits[s[i]&15])
	}
	return c
}

const hexDigits = "0123456789abcdef"

// Arg appends text of any origin as one argument.
func (c *Command) Arg(s string) *Command {
	text, err := AppendQuoted(append(c.Text, ' '), s)
	if err != nil {
		c.Err = err
		return c
	}
	c.Text = text
	return c
}

// Format appends text of any origin as an argument that tmux will expand as a format,
// so that it expands to s.
func (c *Command) Format(s string) *Command { return c.Arg(EscapeFormat(s)) }

// To appends -t and the target.
func (c *Command) To(t Target) *Command {
	c.Text = t.appendTo(append(c.Text, " -t "...))
	return c
}

// From appends -s and the target.
func (c *Command) From(t Target) *Command {
	c.Text = t.appendTo(append(c.Text, " -s "...))
	return c
}

// Target says which pane a command is for. The zero value is session $0's active
// pane.
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
