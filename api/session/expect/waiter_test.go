package expect_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/expect"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// waiter is a user who waits.
type waiter struct {
	*sessiontest.Service
	t    *testing.T
	user session.Principal
}

// startWaiter starts a Service with one user.
func startWaiter(t *testing.T, o registry.Options) waiter {
	t.Helper()
	s := sessiontest.Start(t, dbtest.Open(t, db.SQLite), sessiontest.Options{Registry: o})
	return waiter{Service: s, t: t, user: s.User("alice", false)}
}

// in is the same waiter for a subtest.
func (w waiter) in(t *testing.T) waiter {
	return waiter{Service: w.Service.In(t), t: t, user: w.user}
}

// starts creates a session with a program.
func (w waiter) starts(words ...string) int64 {
	w.t.Helper()
	return w.StartProgram(w.user, words...)
}

// startsShell creates a session with a shell that keeps no history, or with another
// program. It need not read yet.
func (w waiter) startsShell(command []string, width, height int) int64 {
	w.t.Helper()
	return w.MustCreate(w.user, session.CreateOptions{
		Command: command, Width: width, Height: height, Env: map[string]string{"HISTFILE": "", "ENV": ""},
	}).ID
}

// asks waits for up to 30 seconds, unless o says otherwise.
func (w waiter) asks(id int64, o session.WaitOptions) (session.Waited, error) {
	if o.Timeout == 0 {
		o.Timeout = 30 * time.Second
	}
	return w.Waits.Wait(w.t.Context(), w.user, id, o)
}

// waits expects a condition to hold.
func (w waiter) waits(id int64, o session.WaitOptions) session.Waited {
	w.t.Helper()
	got, err := w.asks(id, o)
	require.NoError(w.t, err, "%+v", o)
	return got
}

// sends waits for a text after a line was typed.
func (w waiter) sends(id int64, line, text string) session.Waited {
	w.t.Helper()
	return w.waits(id, session.WaitOptions{Text: text, Send: typed(line)})
}

// looks waits for no time: only what holds now counts.
func (w waiter) looks(id int64, o session.WaitOptions) (session.Waited, error) {
	o.Timeout = 0
	return w.Waits.Wait(w.t.Context(), w.user, id, o)
}

func typed(line string) *session.Input { return &session.Input{Line: &line} }

// timedOut expects a wait's time to be up, and returns the screen.
func timedOut(t *testing.T, err error) string {
	t.Helper()
	var late *session.WaitTimeoutError
	require.ErrorAs(t, err, &late)
	require.ErrorIs(t, err, session.ErrWaitTimeout)
	return late.Screen
}

// endedAs expects a wait to fail with the end of its pane, and returns how that ended:
// during the wait, or before it.
func endedAs(t *testing.T, err error) string {
	t.Helper()
	var before *session.EndedError
	if errors.As(err, &before) {
		return string(before.Status)
	}
	var during *session.WaitEndedError
	require.ErrorAs(t, err, &during)
	return during.How
}

// invalidField expects one field to be refused, and returns its name.
func invalidField(t *testing.T, err error) string {
	t.Helper()
	var bad *session.InvalidError
	require.ErrorAs(t, err, &bad)
	require.Len(t, bad.Fields, 1)
	return bad.Fields[0].Field
}

// viewed tells when a wait begins to look at its pane.
type viewed struct {
	expect.Sessions
	views chan<- struct{}
}

func (s viewed) View(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, error) {
	v, err := s.Sessions.View(ctx, p, id, pane)
	s.views <- struct{}{}
	return v, err
}

// watchWaits has a channel receive once for each wait that begins to look at its pane.
func (w waiter) watchWaits() (waiter, <-chan struct{}) {
	views := make(chan struct{}, 100)
	observed := *w.Service
	observed.Waits = expect.New(viewed{w.Registry, views}, nil)
	w.Service = &observed
	return w, views
}
