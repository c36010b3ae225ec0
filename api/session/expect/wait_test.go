package expect_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
)

func TestWaitConditions(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("cat")
	pane := w.MustGet(w.user, id).Panes[0].ID

	began := time.Now()
	got := w.waits(id, session.WaitOptions{Quiet: 50 * time.Millisecond})
	require.Equal(t, session.ConditionQuiet, got.Condition)
	require.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)

	_, err := w.asks(id, session.WaitOptions{Text: "x", Timeout: 50 * time.Millisecond})
	require.Empty(t, timedOut(t, err))
	w.TypeLine(w.user, id, "hello 12")
	got = w.waits(id, session.WaitOptions{Text: `h(e)(x)?l+o \d+$`, Exit: true, Quiet: time.Minute, Pane: pane})
	require.Equal(t, session.ConditionText, got.Condition)
	require.Equal(t, pane, got.Pane)
	e := "e"
	require.Equal(t, &session.Match{Text: "hello 12", Groups: []*string{&e, nil}, Line: "hello 12", Number: 0}, got.Match)
	w.AwaitScreen(w.user, id, "hello 12\nhello 12\n")
	_, err = w.looks(id, session.WaitOptions{Text: "x"})
	require.Equal(t, "hello 12\nhello 12\n", timedOut(t, err))
}

// A program that goes on printing is not quiet, also when it prints so much that its
// output is not read. (On a machine with much to do its program may not print in time.)
func TestTimedWaitForQuiet(t *testing.T) {
	w := startWaiter(t, registry.Options{})
	busy := w.starts("sh", "-c", "while sleep 0.02; do echo x; done")
	_, err := w.asks(busy, session.WaitOptions{Quiet: 500 * time.Millisecond, Timeout: time.Second})
	timedOut(t, err)
	flood := w.starts("yes")
	_, err = w.asks(flood, session.WaitOptions{Quiet: 700 * time.Millisecond, Timeout: 1500 * time.Millisecond})
	timedOut(t, err)
	w.waits(flood, session.WaitOptions{Text: "^y$"})
}

// A wait for the end says how the pane ended, and a wait for a text fails with it.
func TestWaitForTheEnd(t *testing.T) {
	t.Parallel()
	s := startWaiter(t, registry.Options{})
	for how, end := range map[string]func(w waiter, id int64, pane string){
		"exited": func(w waiter, id int64, _ string) {
			w.RunTmux("kill-session", "-t", fmt.Sprintf("session-%d", id))
		},
		"pane-closed": func(w waiter, _ int64, pane string) { w.RunTmux("kill-pane", "-t", pane) },
		"deleted":     func(w waiter, id int64, _ string) { w.MustEnd(w.user, id) },
		"pane-dead": func(w waiter, _ int64, pane string) {
			w.RunTmux("set-option", "-p", "-t", pane, "remain-on-exit", "on")
			w.RunTmux("send-keys", "-t", pane, "C-d")
		},
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			w, views := s.in(t).watchWaits()
			id := w.starts("cat")
			pane := strings.TrimSpace(w.RunTmux("split-window", "-d", "-P", "-F", "#{pane_id}", "-t", fmt.Sprintf("session-%d", id), "cat"))
			w.waits(id, session.WaitOptions{Text: "shown", Pane: pane, Send: typed("shown")})
			<-views
			type result struct {
				session.Waited
				err error
			}
			exit, text := make(chan result, 1), make(chan result, 1)
			wait := func(into chan<- result, o session.WaitOptions) {
				got, err := w.asks(id, o)
				into <- result{got, err}
			}
			go wait(exit, session.WaitOptions{Exit: true, Pane: pane})
			outlasts := 30 * time.Second
			if how == session.ExitPaneDead { // which is no end to it
				outlasts = time.Second
			}
			go wait(text, session.WaitOptions{Text: "never", Pane: pane, Timeout: outlasts})
			<-views
			<-views
			w.waits(id, session.WaitOptions{Quiet: 50 * time.Millisecond}) // by then both wait
			end(w, id, pane)
			got := <-exit
			require.NoError(t, got.err)
			require.Equal(t, session.ConditionExit, got.Condition)
			require.Contains(t, got.Screen, "shown", "as it was last seen")
			if how == session.ExitPaneDead {
				require.Equal(t, how, got.Exit)
				timedOut(t, (<-text).err)
				return
			}
			ends := []string{how}
			if how == session.ExitDeleted { // first the tmux session ends and then the row: a look may come in between
				ends = append(ends, string(session.Exited))
			}
			require.Contains(t, ends, got.Exit)
			require.Contains(t, ends, endedAs(t, (<-text).err))
		})
	}
}

func TestWaitForASessionThatHasEnded(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("true")
	w.AwaitStatus(w.user, id, session.Exited)
	require.Equal(t, "exited", w.waits(id, session.WaitOptions{Exit: true}).Exit)
	_, err := w.asks(id, session.WaitOptions{Text: "x"})
	require.Equal(t, "exited", endedAs(t, err))

	id = w.startsShell(sessiontest.Bash, 0, 0)
	got := w.waits(id, session.WaitOptions{Exit: true, Send: typed("exit 3")})
	require.Equal(t, "exited", got.Exit)
	require.Nil(t, got.Ended)

	kept := w.MustCreate(w.user, session.CreateOptions{Command: sessiontest.Bash, KeepAfterExit: true}).ID
	got = w.waits(kept, session.WaitOptions{Exit: true, Send: typed("exit 3")})
	require.Equal(t, "exited", got.Exit)
	if got.Ended != nil { // tmux 3.3a may miss how a program has ended
		require.Equal(t, 3, got.Ended.Code)
	}
	require.Equal(t, got.Exit, w.waits(kept, session.WaitOptions{Exit: true}).Exit, "it has ended already")
}

// A caller that leaves ends its wait.
func TestWaitEndsWithItsContext(t *testing.T) {
	t.Parallel()
	w, views := startWaiter(t, registry.Options{}).watchWaits()
	id := w.starts("cat")
	ctx, leave := context.WithCancel(t.Context())
	left := make(chan error, 1)
	go func() {
		_, err := w.Waits.Wait(ctx, w.user, id, session.WaitOptions{Text: "never", Timeout: time.Minute})
		left <- err
	}()
	<-views
	leave()
	require.ErrorIs(t, <-left, context.Canceled)
}

// A wait goes on when the client that reports the panes' output is replaced.
func TestWaitSurvivesTheHub(t *testing.T) {
	t.Parallel()
	w, views := startWaiter(t, registry.Options{}).watchWaits()
	id := w.starts("cat")
	waited := make(chan error, 1)
	go func() {
		_, err := w.asks(id, session.WaitOptions{Text: "hello"})
		waited <- err
	}()
	<-views
	w.KillHub()
	w.TypeLine(w.user, id, "hello")
	require.NoError(t, <-waited)
}

// A wait that has read output goes on after a gap in it, with the output that the next
// hub reports.
func TestWaitGoesOnAfterAGap(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	id := w.starts("sh", "-c", `stty -echo; echo ready; while read -r x; do echo "[$x]"; done`)
	w.waits(id, session.WaitOptions{Text: "ready"})
	waited := make(chan session.Waited, 1)
	go func() {
		got, err := w.asks(id, session.WaitOptions{Text: "ready|after", Send: typed("before")})
		assert.NoError(t, err)
		waited <- got
	}()
	w.AwaitText(w.user, id, "[before]")
	w.AwaitHub(w.KillHub())
	w.TypeLine(w.user, id, "after")
	require.Equal(t, "[after]", (<-waited).Match.Line)
}

// Without live screens every look asks tmux, and waits are slower and as true.
func TestWaitWithoutLiveScreens(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{Live: live.Options{Idle: -1}})
	id := w.startsShell(sessiontest.Bash, 0, 0)
	for range 5 {
		require.Equal(t, "hello", w.sends(id, "echo hello", "hello").Match.Line)
	}
	require.Equal(t, session.ConditionQuiet, w.waits(id, session.WaitOptions{Quiet: 100 * time.Millisecond}).Condition)
	require.Equal(t, "exited", w.waits(id, session.WaitOptions{Exit: true, Send: typed("exit")}).Exit)
}

// A wait that cannot be accepted is refused before anything is typed.
func TestWaitRefusals(t *testing.T) {
	t.Parallel()
	w := startWaiter(t, registry.Options{})
	bob := w.User("bob", false)
	id := w.starts("cat")
	text := "typed\x00"
	for _, test := range []struct {
		o     session.WaitOptions
		field string
	}{
		{session.WaitOptions{}, "text"},
		{session.WaitOptions{Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: "(", Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: "a)(b", Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: "x*", Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: "(?:x{50}){50}", Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: strings.Repeat("x", 1001), Send: typed("typed")}, "text"},
		{session.WaitOptions{Text: "x", Pane: "%1", Send: &session.Input{Line: &text, Pane: "%2"}}, "send.pane"},
		{session.WaitOptions{Text: "x", Pane: "x", Send: typed("typed")}, "pane"},
		{session.WaitOptions{Text: "x", Send: &session.Input{Text: &text}}, "send.text"},
	} {
		_, err := w.asks(id, test.o)
		require.Equal(t, test.field, invalidField(t, err), "%+v", test.o)
	}
	_, err := w.asks(id, session.WaitOptions{Text: "x", Pane: "%99", Send: typed("typed")})
	require.ErrorIs(t, err, session.ErrNotFound)
	_, err = w.Waits.Wait(t.Context(), bob, id, session.WaitOptions{Exit: true, Send: typed("typed"), Timeout: time.Second})
	require.ErrorIs(t, err, session.ErrNotFound)
	require.Empty(t, w.ScreenText(w.user, id))

	w.AwaitHub(0) // a change while it attaches can crash tmux (PR 4980)
	w.RunTmux("copy-mode", "-t", fmt.Sprintf("session-%d", id))
	in := typed("x")
	in.RefuseMode = true
	_, err = w.asks(id, session.WaitOptions{Text: "x", Send: in})
	require.ErrorIs(t, err, session.ErrInMode)
}
