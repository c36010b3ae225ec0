package api

import (
	"context"
	"errors"

	"interplexer/api/idempotency"
	"interplexer/api/session"
)

// Errors of HTTP. The domain has its own, in package session.
var (
	errNoRoute     = errors.New("api: no such route")
	errNoMethod    = errors.New("api: no such method")
	errHost        = errors.New("api: host not allowed")
	errCrossOrigin = errors.New("api: cross-origin request")
	errNotAdmin    = errors.New("api: not an administrator")
	errNotReady    = errors.New("api: not ready")
	errTooLarge    = errors.New("api: body too large")
	errSlowBody    = errors.New("api: body too slow")
	errGone        = errors.New("api: session is gone")
	errNoUpgrade   = errors.New("api: not a WebSocket request")
	errSubprotocol = errors.New("api: subprotocol not offered")
	errStopping    = errors.New("api: server is stopping")
	errMediaType   = errors.New("api: unsupported media type")
	// errOutputGone: the output after a cursor is no longer kept, or the cursor
	// belongs to another pane or to an earlier run of the tmux server.
	errOutputGone = errors.New("api: output is gone")
)

// badRequest says why a request cannot be read.
type badRequest string

func (e badRequest) Error() string { return "api: bad request: " + string(e) }

// problem is one kind of problem document (RFC 9457).
type problem struct {
	kind   string // the last part of the type URI; clients may rely on it
	status int
	title  string
	detail string
}

// The indexes of the problems that are chosen by name.
const (
	internal = iota
	canceled
	notFound
	invalidInput
	malformed
)

// problems maps errors to problem documents. The first match counts: an error
// that wraps both ErrUnknownOutcome and ErrUnavailable must not promise that
// nothing was done. The quota is 409 and not 429, because waiting does not help;
// ending a session does.
var problems = []struct {
	problem
	err error
}{
	internal:     {problem{"internal", 500, "Internal error", "Something went wrong here; the log has the details under this request id."}, nil},
	canceled:     {problem{"canceled", 503, "Request cut short", "The request was given up; it may or may not have been carried out."}, nil},
	notFound:     {problem{"not-found", 404, "Not found", "There is no such thing here."}, session.ErrNotFound},
	invalidInput: {problem{"invalid", 422, "Invalid input", "Nothing was changed; see errors."}, nil},
	malformed:    {problem{"malformed", 400, "Malformed request", ""}, nil},

	{problem{"not-found", 404, "Not found", "There is no such thing here."}, errNoRoute},
	{problem{"method-not-allowed", 405, "Method not allowed", "The Allow header lists the methods of this path."}, errNoMethod},
	{problem{"host-not-allowed", 421, "Host not allowed", "This service may not be called by the name in the Host header; an administrator can allow it."}, errHost},
	{problem{"cross-origin", 403, "Cross-origin request", "A web page of another origin may not change anything here."}, errCrossOrigin},
	{problem{"not-admin", 403, "Administrators only", "This takes an administrator's token."}, errNotAdmin},
	{problem{"not-ready", 503, "Not ready", "tmux or the store does not answer."}, errNotReady},
	{problem{"too-large", 413, "Body too large", "The request's body is larger than this server accepts."}, errTooLarge},
	{problem{"too-slow", 408, "Body too slow", "The request's body did not arrive in time."}, errSlowBody},
	{problem{"media-type", 415, "Unsupported media type", "The body must be sent as Content-Type: application/json, in UTF-8."}, errMediaType},

	{problem{"unauthenticated", 401, "Not authenticated", "Send a valid token: Authorization: Bearer <token>, or as the password of Basic."}, session.ErrUnauthenticated},
	{problem{"name-taken", 409, "Name is taken", "You have a live session of that name."}, session.ErrNameTaken},
	{problem{"quota", 409, "Too many sessions", "You have as many live sessions as you may; end one first."}, session.ErrQuota},
	{problem{"key-reused", 422, "Key of another request", "The Idempotency-Key was sent before, with another request; nothing was done."}, idempotency.ErrKeyReused},
	{problem{"in-progress", 409, "Request in progress", "The request of this Idempotency-Key is not answered yet. Try again later."}, idempotency.ErrInProgress},
	{problem{"interrupted", 409, "Request was interrupted", "The service stopped before the request of this Idempotency-Key was answered; it may or may not have been carried out. Look, then send it under another key."}, idempotency.ErrInterrupted},
	{problem{"answer-not-kept", 409, "Answer was not kept", "The request of this Idempotency-Key was carried out and answered; the answer was too large to keep."}, idempotency.ErrNotKept},
	{problem{"too-many-keys", 429, "Too many keys", "You have sent as many Idempotency-Keys within 24 hours as you may; nothing was done."}, idempotency.ErrTooManyKeys},
	{problem{"upgrade-required", 426, "Upgrade required", "This is a WebSocket: send Upgrade: websocket, Connection: Upgrade and Sec-WebSocket-Version: 13."}, errNoUpgrade},
	{problem{"subprotocol", 400, "Subprotocol not offered", "Of the subprotocols that you offer none is interplexer.v1."}, errSubprotocol},
	{problem{"gone", 410, "Session is gone", "The session ended while it was looked at; session_status says how."}, errGone},
	{problem{"output-gone", 410, "Output is gone", "What came after this cursor is not kept here any more. Ask without since for the cursor of now, and look at the screen."}, errOutputGone},
	{problem{"wait-timeout", 408, "Time is up", "None of the conditions held in time; screen is what the pane shows."}, session.ErrWaitTimeout},
	{problem{"too-many-held", 429, "Too many held requests", "You have as many long-polls and streams open as you may."}, session.ErrTooManyHeld},
	{problem{"stopping", 503, "Server is stopping", "The request was held, and the server stops; the session goes on. Try again."}, errStopping},
	{problem{"ended", 409, "Session has ended", "The session has ended; only its record is left."}, session.ErrEnded},
	{problem{"not-running", 409, "Session is not running yet", "The session is still being started."}, session.ErrNotRunning},
	{problem{"pane-dead", 409, "Pane is dead", "The pane's program has ended; nothing reads what is typed."}, session.ErrPaneDead},
	{problem{"pane-in-mode", 409, "Pane is in a mode", "The pane is in copy mode or another mode, which takes the keys, and you asked to leave it so."}, session.ErrInMode},
	{problem{"pane-alive", 409, "Pane is alive", "The pane's program has not ended; \"kill\": true ends it first."}, session.ErrPaneAlive},
	{problem{"no-space", 409, "No space for a new pane", "The window is too small for another pane: resize it, or make a window."}, session.ErrNoSpace},
	{problem{"no-shell", 409, "No shell", "The pane's foreground program is none of the shells that commands can be run in: bash, zsh, dash, fish, busybox sh."}, session.ErrNoShell},
	{problem{"shell-busy", 409, "Shell is busy", "The pane's shell is not at its prompt; nothing was typed."}, session.ErrShellBusy},
	{problem{"running", 409, "A command is running", "The pane has a run that is not over; next is where it can be waited for."}, session.ErrRunning},
	{problem{"run-timeout", 408, "Not over yet", "The command runs on; next is where it can be waited for."}, session.ErrRunTimeout},
	{problem{"not-reading", 503, "Program does not read", "The pane's program has not read what was typed before; nothing was typed."}, session.ErrNotReading},
	{problem{"history-moved", 503, "History moved", "The pane's history scrolls faster than it can be read, or was laid out anew meanwhile. Try again."}, session.ErrHistoryMoved},
	{problem{"unknown-outcome", 503, "Outcome unknown", "The connection to tmux broke; it may or may not have been carried out. Look before trying again."}, session.ErrUnknownOutcome},
	{problem{"overloaded", 503, "Overloaded", "Too much is in flight; nothing was done. Try again."}, session.ErrOverloaded},
	{problem{"no-resources", 503, "No resources", "The machine has no room for that just now; nothing was done."}, session.ErrNoResources},
	{problem{"unavailable", 503, "Temporarily unavailable", "tmux or the store cannot be reached just now. Try again."}, session.ErrUnavailable},
	{problem{"timeout", 504, "Took too long", "No answer in time; it may or may not have been carried out."}, context.DeadlineExceeded},
}

// particulars are the parts of a problem document that vary with the error.
type particulars struct {
	fields        []session.FieldError
	sessionStatus string
	notReady      *session.NotReadyError
	partial       *ranJSON // the output so far of a run that is not over
	next          string   // the path at which to wait for that run
	screen        *string
}

// problemOf chooses the problem for err. An unknown error is an internal one.
func problemOf(err error) (problem, particulars) {
	if bad := badRequest(""); errors.As(err, &bad) {
		p := problems[malformed].problem
		p.detail = string(bad)
		return p, particulars{}
	}
	if input := (*session.InvalidError)(nil); errors.As(err, &input) {
		return problems[invalidInput].problem, particulars{fields: input.Fields}
	}
	var with particulars
	if gone := (*goneError)(nil); errors.As(err, &gone) {
		with.sessionStatus = gone.status
	}
	errors.As(err, &with.notReady)
	if late := (*runTimeoutError)(nil); errors.As(err, &late) {
		with.partial, with.next = &late.partial, late.next
	}
	if busy := (*runBusyError)(nil); errors.As(err, &busy) {
		with.next = busy.next
	}
	if late := (*session.WaitTimeoutError)(nil); errors.As(err, &late) {
		with.screen = &late.Screen
	}
	for _, p := range problems {
		if p.err != nil && errors.Is(err, p.err) {
			return p.problem, with
		}
	}
	return problems[internal].problem, with
}
