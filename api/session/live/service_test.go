package live_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// service is a Service on a SQLite store, with a user whose sessions are watched. The
// live screens do not know the store.
type service struct {
	*sessiontest.Service
	t     *testing.T
	ctx   context.Context // of all that waits: it ends a test that would wait forever
	alice session.Principal
}

func start(t *testing.T, o registry.Options) service {
	t.Helper()
	return startOn(t, dbtest.Open(t, db.SQLite), o)
}

func startOn(t *testing.T, store *db.Store, o registry.Options) service {
	t.Helper()
	s := sessiontest.Start(t, store, sessiontest.Options{Registry: o})
	return service{Service: s, alice: s.User("alice", false)}.in(t)
}

// in is the same service for a subtest.
func (s service) in(t *testing.T) service {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return service{Service: s.In(t), t: t, ctx: ctx, alice: s.alice}
}

// shell starts a session that runs a script of sh. The script can say that it has
// come to a point with `tmux wait-for -S NAME`.
func (s service) shell(script string) int64 {
	s.t.Helper()
	return s.StartProgram(s.alice, "sh", "-c", script)
}

// awaitSignal waits for `tmux wait-for -S NAME` of a script that may take a while.
func (s service) awaitSignal(name string) {
	s.t.Helper()
	require.NoError(s.t, exec.CommandContext(s.ctx, "tmux", "-L", s.Socket, "wait-for", name).Run())
}

// tmuxName is the name of a session in tmux.
func tmuxName(id int64) string { return fmt.Sprintf("session-%d", id) }

// look captures a session's screen as o says.
func (s service) look(id int64, o session.CaptureOptions) session.Snapshot {
	s.t.Helper()
	got, err := s.Screen(s.ctx, s.alice, id, o)
	require.NoError(s.t, err)
	return got
}

// text is a capture's text.
func (s service) text(id int64, o session.CaptureOptions) string {
	s.t.Helper()
	return string(s.look(id, o).Text)
}

// sendBytes types bytes as they are.
func (s service) sendBytes(id int64, raw string) {
	s.t.Helper()
	require.NoError(s.t, s.Send(s.ctx, s.alice, id, session.Input{Raw: []byte(raw)}))
}

// view starts to look at a session, until the test's end.
func (s service) view(id int64, o session.CaptureOptions) *live.Viewer {
	s.t.Helper()
	v, err := s.ViewAs(s.ctx, s.alice, id, o)
	require.NoError(s.t, err)
	s.t.Cleanup(v.Close)
	return v
}

// news is the result of Viewer.Next.
type news struct {
	session.Snapshot
	err error
}

// awaitNews waits in a goroutine, which has a Viewer of its own, for another screen than
// that of an ETag. The Viewer exists when awaitNews returns.
func (s service) awaitNews(id int64, o session.CaptureOptions, etag string) <-chan news {
	s.t.Helper()
	v, err := s.ViewAs(s.ctx, s.alice, id, o)
	require.NoError(s.t, err)
	got := make(chan news, 1)
	go func() {
		screen, err := v.Next(s.ctx, o, func(now string) bool { return now == etag })
		v.Close()
		got <- news{screen, err}
	}()
	return got
}

// terminal is a terminal that follows a pane: it gets a repaint and then the output
// after it, and another repaint after each gap.
type terminal struct {
	service
	viewer   *live.Viewer
	cursor   session.Cursor
	written  []byte // since the last repaint began
	repaints int    // so far
	fresh    bool   // no output has come since the last repaint
}

// attach connects a terminal to a pane of a session, "" for the active one, and
// paints it.
func (s service) attach(id int64, pane string) *terminal {
	s.t.Helper()
	x := &terminal{service: s, viewer: s.view(id, session.CaptureOptions{Pane: pane})}
	require.NoError(s.t, x.repaint(s.ctx))
	return x
}

// repaint paints the whole terminal. While tmux cannot be reached it tries again.
func (x *terminal) repaint(ctx context.Context) error {
	for {
		screen, cursor, err := x.viewer.Repaint(ctx)
		if err == nil {
			x.written, x.cursor, x.fresh = live.EncodeANSI(screen), cursor, true
			x.repaints++
			return nil
		}
		if !session.IsTransient(err) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond): // a client's pace
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// read waits for output, or for the repaint after a gap. A repaint amid a character
// is done again: tmux has the whole character by then.
func (x *terminal) read(ctx context.Context) error {
	for {
		changes := x.viewer.Changes()
		data, next, more, err := x.viewer.Output(x.cursor, 32<<10)
		torn := x.fresh && len(data) > 0 && !utf8.RuneStart(data[0])
		switch {
		case errors.Is(err, session.ErrGap) || torn:
			return x.repaint(ctx)
		case err != nil && !session.IsTransient(err):
			return err
		case len(data) > 0:
			x.written, x.cursor, x.fresh = append(x.written, data...), next, false
			return nil
		}
		select {
		case <-changes:
		case <-more:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// awaitText reads until the terminal was sent a text since its last repaint.
func (x *terminal) awaitText(text string) {
	x.t.Helper()
	for !bytes.Contains(x.written, []byte(text)) {
		require.NoError(x.t, x.read(x.ctx), "before %q", text)
	}
}

// awaitEnd reads until reading fails, and returns why.
func (x *terminal) awaitEnd() (err error) {
	for err == nil {
		err = x.read(x.ctx)
	}
	return err
}

// drain reads all that tmux has of a pane whose programs write nothing more. The hub's
// answer to another repaint comes after all output before it.
func (x *terminal) drain() {
	x.t.Helper()
	_, cursor, err := x.viewer.Repaint(x.ctx)
	require.NoError(x.t, err)
	for x.cursor != cursor {
		require.NoError(x.t, x.read(x.ctx))
	}
}

// emulate is the state of a terminal of 80x24 that was sent the same.
func (x *terminal) emulate() string {
	x.t.Helper()
	return sessiontest.Emulate(x.t, x.Socket, 80, 24, x.written)
}
