package live_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
)

// A terminal that is sent the repaint has the pane's screen, cursor and modes.
func TestRepaint(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	for name, program := range map[string]string{
		"plain":     `printf 'hello\nworld'`,
		"colours":   `printf '\033[31mred\033[44m on blue\nmore\033[0m none \033[1;4;38;5;200mall\033[48;2;1;2;3mrgb\033[0m'`,
		"cursor":    `printf 'x\033[12;34H'`,
		"hidden":    `printf '\033[?25l\033[3;3Hx'`,
		"wide":      `printf '漢字\nはな e\314\201 é\n'`,
		"full line": `printf '%080d' 7`,
		"alternate": `printf 'main\033[?1049h\033[H\033[2Jother\033[?1h\033='`,
		"region":    `printf '\033[5;20r\033[?6h\033[2;3Hx'`,
		"modes":     `printf '\033[?1003h\033[?1006h\033[4h\033[?7lx'`,
		"scrolled":  `i=0; while [ $i -lt 100 ]; do i=$((i+1)); echo line $i; done`,
	} {
		t.Run(name, func(t *testing.T) {
			s := s.in(t)
			id := s.shell(program + "; stty -echo; exec cat >/dev/null")
			s.Eventually("cat runs", func() bool {
				return s.RunTmux("display-message", "-p", "-t", tmuxName(id), "#{pane_current_command}") == "cat\n"
			})
			x := s.attach(id, "")
			require.Equal(t, sessiontest.TerminalState(t, s.Socket, tmuxName(id)), x.emulate())
			s.MustEnd(s.alice, id)
		})
	}
}

// A repaint also holds the state of the terminal that cannot be seen: output after the
// repaint ends where it would have ended without one.
func TestRepaintHoldsHiddenState(t *testing.T) {
	t.Parallel()
	for name, script := range map[string]struct{ before, after string }{
		"the main screen":          {`main 漢\nsecond\033[31m red\033[0m\033[?1049h\033[2J\033[Hother`, `\033[?1049lback`},
		"half an escape sequence":  {`a\033[3`, `1mred\033[0m`},
		"half a control string":    {`a\033]2;tit`, `le\007b`},
		"half a character":         {`a\303`, `\251b`},
		"half of a wide character": {`a\346\274`, `\242b`},
		"the last column":          {`%079d`, `xy`},
		"past the last column":     {`%080d`, `xy`},
		"a scroll region":          {`1\n2\n3\n4\n5\033[2;4r\033[4;1H`, `\n6\n7`},
		"origin mode":              {`\033[5;10r\033[?6h`, `\033[2;2Hx`},
		"insert mode":              {`abc\033[1G\033[4h`, `xy`},
		"no wrap":                  {`\033[?7l%079d`, `wxyz`},
		"drawing left":             {`\033[10;40H`, `\033[D\033[Dx\033[Ky`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := start(t, registry.Options{})
			id := s.shell(`stty raw -echo; tmux wait-for -S ready; head -c 1 >&2; printf '` + script.before + `'; tmux wait-for -S before;` +
				` head -c 1; printf '` + script.after + `'; tmux wait-for -S after; exec cat >&2`)
			s.attach(id, "").viewer.Close()
			s.RunTmux("wait-for", "ready")
			s.sendBytes(id, "\x00")
			s.RunTmux("wait-for", "before")
			sessiontest.AwaitSettled(t, s.Socket, tmuxName(id))

			x := s.attach(id, "")
			s.sendBytes(id, "\x00")
			s.RunTmux("wait-for", "after")
			sessiontest.AwaitSettled(t, s.Socket, tmuxName(id))
			want := sessiontest.TerminalState(t, s.Socket, tmuxName(id))
			x.drain()
			require.Equal(t, want, x.emulate())
		})
	}
}

// count follows a pane that counts, until it has n bytes of output.
func (x *terminal) count(ctx context.Context, n int) (c sessiontest.Counting, err error) {
	err = c.Repaint(x.written)
	for err == nil && c.Followed < n {
		had, repaints := len(x.written), x.repaints
		if err = x.read(ctx); err != nil {
			return c, err
		}
		if x.repaints == repaints {
			c.Output(x.written[had:])
		} else {
			err = c.Repaint(x.written)
		}
	}
	return c, errors.Join(err, c.Check())
}

// allCount has six terminals follow a pane that counts. It returns the most repaints
// that one of them got.
func (s service) allCount(id int64) int {
	s.t.Helper()
	repaints := make([]int, 6)
	group, ctx := errgroup.WithContext(s.ctx)
	for i := range repaints {
		x := s.attach(id, "")
		group.Go(func() error {
			c, err := x.count(ctx, 400_000)
			repaints[i] = c.Repaints
			return err
		})
	}
	require.NoError(s.t, group.Wait())
	return slices.Max(repaints)
}

// However many look at a busy pane, the repaint of one does not cost another its
// place.
func TestTimedManyViewersOfABusyPane(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	most := s.allCount(s.shell(`i=0; while :; do i=$((i+1)); echo $i; done`))
	t.Log(most, "repaints at most")
	require.LessOrEqual(t, most, 20)
}

func TestTimedManyViewersOfAFlood(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	t.Log(s.allCount(s.StartProgram(s.alice, "seq", "1000000000")), "repaints at most")
}

// countToSixGaps follows the output of a pane that counts from each gap to the next,
// until there were six.
func countToSixGaps(ctx context.Context, v *live.Viewer) error {
	at, err := v.Listen(ctx)
	var c sessiontest.Counting
	for gaps := 0; err == nil && gaps < 6; {
		changes := v.Changes()
		data, next, more, failed := v.Output(at, 32<<10)
		switch {
		case errors.Is(failed, session.ErrGap):
			gaps++
			if err = c.Check(); err == nil {
				at, err = v.Listen(ctx)
			}
			continue
		case failed != nil:
			return failed
		}
		if at = next; len(data) > 0 {
			c.Output(data)
			continue
		}
		select {
		case <-changes:
		case <-more:
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	return err
}

// Most output of a flood is skipped, and each skip is reported as a gap.
func TestTimedFloodReportsEveryGap(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	v := s.view(s.StartProgram(s.alice, "seq", "1000000000"), session.CaptureOptions{})
	require.NoError(t, countToSixGaps(s.ctx, v))
}

// The same holds where two sessions have the window, and somebody looks at each.
func TestTimedFloodInTwoSessionsReportsEveryGap(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	one, two := s.StartProgram(s.alice, "seq", "1000000000"), s.StartProgram(s.alice, "cat")
	pane := s.MustGet(s.alice, one).Panes[0].ID
	s.RunTmux("link-window", "-d", "-s", pane, "-t", tmuxName(two)+":9")
	group, ctx := errgroup.WithContext(s.ctx)
	for _, id := range []int64{one, two} {
		v := s.view(id, session.CaptureOptions{Pane: pane})
		group.Go(func() error { return countToSixGaps(ctx, v) })
	}
	require.NoError(t, group.Wait())
}

// Viewers survive the hub: there is a repaint, and output goes on after it.
func TestViewersSurviveTheHub(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{})
	id := s.StartProgram(s.alice, "cat")
	x, screens := s.attach(id, ""), s.view(id, session.CaptureOptions{})
	for i, word := range []string{"one", "two"} {
		s.KillHub()
		for x.repaints < i+2 {
			require.NoError(t, x.read(s.ctx))
		}
		s.TypeLine(s.alice, id, word)
		x.awaitText(word)
		_, err := nextWith(s.ctx, screens, func(text string) bool { return strings.Count(text, word) == 2 })
		require.NoError(t, err)
	}
}

// nextWith waits for a screen whose text satisfies a condition.
func nextWith(ctx context.Context, v *live.Viewer, condition func(string) bool) (session.Snapshot, error) {
	etag := ""
	for {
		screen, err := v.Next(ctx, session.CaptureOptions{}, func(now string) bool { return now == etag })
		if err != nil || condition(string(screen.Text)) {
			return screen, err
		}
		etag = screen.ETag
	}
}
