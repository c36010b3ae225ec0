package session

import (
	"errors"
	"slices"
	"time"
)

// Conditions that a wait can end with.
const (
	ConditionText  = "text"
	ConditionQuiet = "quiet"
	ConditionExit  = "exit"
)

// How a pane ends, besides the Ended statuses of its session.
const (
	ExitDeleted    = "deleted"     // the session was deleted
	ExitPaneClosed = "pane-closed" // the session goes on without the pane
	ExitPaneDead   = "pane-dead"   // the program has ended, and its pane has stayed
)

// WaitOptions are the conditions of a wait. Any one of them ends it. At least one is
// required.
type WaitOptions struct {
	Pane    string        // "%5"; empty: the pane that is active at the beginning
	Text    string        // a pattern in RE2's syntax
	Quiet   time.Duration // the pane's program has written nothing for so long
	Exit    bool          // the session or the pane's program has ended
	Timeout time.Duration // 0: a condition has to hold now
	Send    *Input        // typed first; nil: nothing
}

// CheckSend fails with an *InvalidError when Send cannot be typed, or would go to
// another pane than Pane. It fills in Pane from Send.
func (o *WaitOptions) CheckSend() error {
	if o.Send == nil {
		return nil
	}
	if o.Pane == "" {
		o.Pane = o.Send.Pane
	}
	if o.Send.Pane != "" && o.Send.Pane != o.Pane {
		return Invalid("send.pane", "is another pane than the one that is waited for")
	}
	return within("send", o.Send.Check())
}

// within prefixes the fields of an InvalidError with the field of the object that they are
// in.
func within(field string, err error) error {
	bad := (*InvalidError)(nil)
	if !errors.As(err, &bad) {
		return err
	}
	named := &InvalidError{Fields: slices.Clone(bad.Fields)}
	for i := range named.Fields {
		named.Fields[i].Field = field + "." + named.Fields[i].Field
	}
	return named
}

// Waited says how a wait ended.
type Waited struct {
	Condition string
	Pane      string
	Match     *Match // of ConditionText
	Exit      string // of ConditionExit: how the session or pane ended
	Ended     *Exit  // of ConditionExit: how the program ended; nil: not known
	Screen    string // without blank lines at its end; if the pane is gone, the last one seen
}

// Match is the text that a pattern matched.
type Match struct {
	Text   string
	Groups []*string // one for each group of the pattern; nil: not part of the match
	Line   string    // the line on which the match begins, without its echo
	Number int       // of its first row: 0 is the first of the screen, -1 the newest of the history
}

// ErrWaitTimeout: none of the conditions of a wait held in time. Such an error is always a
// *WaitTimeoutError.
var ErrWaitTimeout = errors.New("session: none of the conditions in time")

// WaitTimeoutError is ErrWaitTimeout with the last screen.
type WaitTimeoutError struct {
	Pane   string
	Screen string
}

func (e *WaitTimeoutError) Error() string { return ErrWaitTimeout.Error() }

// Unwrap makes errors.Is find ErrWaitTimeout.
func (e *WaitTimeoutError) Unwrap() error { return ErrWaitTimeout }

// WaitEndedError: the session or the pane ended during a wait for another condition. How is
// a status, or one of the Exit constants.
type WaitEndedError struct{ How string }

func (e *WaitEndedError) Error() string { return "session: ended during a wait: " + e.How }
