package session

import (
	"errors"
	"strings"
)

// Errors that a Registry or an Authenticator returns, to be told apart with
// errors.Is. Anything else is an internal error.
var (
	// ErrNotFound: no such session, pane or window for this caller; also
	// what a caller gets for somebody else's.
	ErrNotFound = errors.New("session: not found")
	// ErrUnauthenticated: the token is missing, unknown, expired or revoked.
	ErrUnauthenticated = errors.New("session: not authenticated")
	// ErrNameTaken: the caller has a live session of that name.
	ErrNameTaken = errors.New("session: name is taken")
	// ErrQuota: the caller has as many live sessions as allowed.
	ErrQuota = errors.New("session: too many sessions")
	// ErrEnded: the session has ended; its row is all that is left. Every
	// error that is one is an *EndedError. ErrNotRunning: it has not started
	// yet.
	ErrEnded      = errors.New("session: has ended")
	ErrNotRunning = errors.New("session: is not running yet")
	// ErrPaneDead: the pane's program has ended, nothing reads what is typed.
	ErrPaneDead = errors.New("session: the pane's program has ended")
	// ErrInMode: the pane is in copy mode or another one, and the caller would
	// rather not end it.
	ErrInMode = errors.New("session: the pane is in a mode")
	// ErrPaneAlive: the pane's program has not ended.
	ErrPaneAlive = errors.New("session: the pane's program has not ended")
	// ErrNoSpace: the window is too small for another pane.
	ErrNoSpace = errors.New("session: no space for a new pane")
	// ErrNotReading: the pane's program does not read what was typed before,
	// and there is too much of it.
	ErrNotReading = errors.New("session: the pane's program does not read")
	// ErrUnavailable: tmux or the store cannot be reached just now; nothing
	// was done, the caller may try again.
	ErrUnavailable = errors.New("session: temporarily unavailable")
	// ErrUnknownOutcome: the connection broke after the command was sent; it
	// may or may not have been carried out.
	ErrUnknownOutcome = errors.New("session: outcome unknown")
	// ErrOverloaded: a bound on commands in flight is reached; nothing was done.
	ErrOverloaded = errors.New("session: overloaded")
	// ErrHistoryMoved: lines scrolled away, or were laid out anew, before they
	// could be read.
	ErrHistoryMoved = errors.New("session: history moved")
	// ErrTooManyHeld: the caller has as many long-polls and streams as allowed.
	ErrTooManyHeld = errors.New("session: too many held requests")
	// ErrNoResources: the machine has no pty, process or memory left for a
	// new session; nothing was left behind.
	ErrNoResources = errors.New("session: no resources for a new session")
)

// EndedError is ErrEnded with how the session ended.
type EndedError struct {
	Status Status // Exited or Lost
	cause  error
}

func (e *EndedError) Error() string {
	if e.cause == nil {
		return ErrEnded.Error()
	}
	return ErrEnded.Error() + ": " + e.cause.Error()
}

// Unwrap makes errors.Is find ErrEnded and the cause.
func (e *EndedError) Unwrap() []error { return []error{ErrEnded, e.cause} }

// FieldError says what is wrong with one field of a request.
type FieldError struct {
	Field  string // as the request spells it: "cwd", "keys[2]"
	Detail string
}

// InvalidError lists the fields of a request that cannot be accepted. Nothing
// was changed.
type InvalidError struct{ Fields []FieldError }

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Detail
	}
	return "session: invalid: " + strings.Join(parts, "; ")
}

func (e *InvalidError) complain(field, detail string) {
	e.Fields = append(e.Fields, FieldError{Field: field, Detail: detail})
}

// add takes over what another one says.
func (e *InvalidError) add(err error) {
	if other := (*InvalidError)(nil); errors.As(err, &other) {
		e.Fields = append(e.Fields, other.Fields...)
	}
}

// orNil is nil without fields.
func (e *InvalidError) orNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// invalid is an InvalidError about one field.
func invalid(field, detail string) error {
	return &InvalidError{Fields: []FieldError{{Field: field, Detail: detail}}}
}
