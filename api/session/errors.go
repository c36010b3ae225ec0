package session

import (
	"errors"
	"strings"
)

// Errors of the domain. Test for them with errors.Is. Any other error is an internal one.
var (
	// ErrNotFound: the caller has no such session, pane or window. The same error is
	// returned for another user's.
	ErrNotFound = errors.New("session: not found")
	// ErrUnauthenticated: the token is missing, unknown, expired or revoked.
	ErrUnauthenticated = errors.New("session: not authenticated")
	// ErrNameTaken: the caller has a live session of that name.
	ErrNameTaken = errors.New("session: name is taken")
	// ErrQuota: the caller has as many live sessions as allowed.
	ErrQuota = errors.New("session: too many sessions")
	// ErrEnded: the session has ended, and only its row is left. Such an error is always
	// an *EndedError.
	ErrEnded = errors.New("session: has ended")
	// ErrNotRunning: the session has not started yet.
	ErrNotRunning = errors.New("session: is not running yet")
	// ErrPaneDead: the pane's program has ended, and nothing reads input there.
	ErrPaneDead = errors.New("session: the pane's program has ended")
	// ErrInMode: the pane is in copy mode or another mode, and the caller has asked not
	// to end it (Input.RefuseMode).
	ErrInMode = errors.New("session: the pane is in a mode")
	// ErrPaneAlive: the pane's program has not ended.
	ErrPaneAlive = errors.New("session: the pane's program has not ended")
	// ErrNoSpace: the window is too small for another pane.
	ErrNoSpace = errors.New("session: no space for a new pane")
	// ErrNotReading: the pane's program does not read its input, and too much of it is
	// unread.
	ErrNotReading = errors.New("session: the pane's program does not read")
	// ErrUnavailable: tmux or the store cannot be reached now. Nothing was done,
	// and the caller may try again.
	ErrUnavailable = errors.New("session: temporarily unavailable")
	// ErrUnknownOutcome: the connection broke after the command was sent; it may
	// or may not have been carried out.
	ErrUnknownOutcome = errors.New("session: outcome unknown")
	// ErrOverloaded: a bound on commands in flight is reached. Nothing was done,
	// and the caller may try again.
	ErrOverloaded = errors.New("session: overloaded")
	// ErrHistoryMoved: lines scrolled away, or were laid out anew, before they
	// could be read.
	ErrHistoryMoved = errors.New("session: history moved")
	// ErrTooManyHeld: the caller has as many long-polls and streams as allowed.
	ErrTooManyHeld = errors.New("session: too many held requests")
	// ErrNoResources: the machine has no pty, process or memory left for a new session
	// or pane. Nothing was created.
	ErrNoResources = errors.New("session: no resources for a new session")
)

// IsTransient reports whether the same call may succeed soon. Nothing was done: tmux or the
// store is unavailable or overloaded.
func IsTransient(err error) bool {
	return errors.Is(err, ErrUnavailable) || errors.Is(err, ErrOverloaded)
}

// EndedError is ErrEnded with how the session ended.
type EndedError struct {
	Status Status // Exited or Lost
	Cause  error  // nil: the end was known already
}

func (e *EndedError) Error() string {
	if e.Cause == nil {
		return ErrEnded.Error()
	}
	return ErrEnded.Error() + ": " + e.Cause.Error()
}

// Unwrap makes errors.Is find ErrEnded and the cause.
func (e *EndedError) Unwrap() []error { return []error{ErrEnded, e.Cause} }

// FieldError names one invalid field of a request, and the reason.
type FieldError struct {
	Field  string // as the request spells it: "cwd", "keys[2]"
	Detail string
}

// InvalidError lists the invalid fields of a request. Nothing was changed.
type InvalidError struct{ Fields []FieldError }

func (e *InvalidError) Error() string {
	parts := make([]string, len(e.Fields))
	for i, f := range e.Fields {
		parts[i] = f.Field + ": " + f.Detail
	}
	return "session: invalid: " + strings.Join(parts, "; ")
}

// Complain adds a field.
func (e *InvalidError) Complain(field, detail string) {
	e.Fields = append(e.Fields, FieldError{Field: field, Detail: detail})
}

// Add adds the fields of another InvalidError. It ignores any other error.
func (e *InvalidError) Add(err error) {
	if other := (*InvalidError)(nil); errors.As(err, &other) {
		e.Fields = append(e.Fields, other.Fields...)
	}
}

// OrNil returns e, or nil if it has no fields.
func (e *InvalidError) OrNil() error {
	if len(e.Fields) == 0 {
		return nil
	}
	return e
}

// Invalid is an InvalidError about one field.
func Invalid(field, detail string) error {
	return &InvalidError{Fields: []FieldError{{Field: field, Detail: detail}}}
}

// Shorten cuts a name that a caller chose to 64 characters, so that it does not fill a message.
func Shorten(name string) string {
	if runes := []rune(name); len(runes) > 64 {
		return string(runes[:64]) + "…"
	}
	return name
}

// NotReadyError says which part of the service does not answer.
type NotReadyError struct {
	Tmux  string // "connected", "degraded" or "down"
	Store bool   // whether it answers
	Cause error
}

func (e *NotReadyError) Error() string { return "session: not ready: " + e.Cause.Error() }

// Unwrap returns the cause.
func (e *NotReadyError) Unwrap() error { return e.Cause }
