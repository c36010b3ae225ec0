package controlmode_test

import (
	"flag"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

var (
	record     = flag.Bool("record", false, "write the transcripts anew from the tmux that is installed")
	reconnects = flag.Int("reconnects", 40, "how often TestReconnectsUnderChange kills a control client")
)

const transcripts = "../testdata/transcripts"

// stage is where a scenario is played: a real tmux, or its transcript.
type stage struct {
	*testing.T
	client controlmode.Client
	await  func(channel string) // until a pane's program has run `tmux wait-for -S channel`

	mu       sync.Mutex // guards received
	received []controlmode.Notification
}

func (s *stage) notify(n controlmode.Notification) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.received = append(s.received, n)
}

// hasReceived reports whether n was received. A Ping before it has delivered all
// notifications that were due.
func (s *stage) hasReceived(n controlmode.Notification) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, other := range s.received {
		if fmt.Sprintf("%#v", other) == fmt.Sprintf("%#v", n) {
			return true
		}
	}
	return false
}

// scenarios are what every tmux must do, and the content of each transcript.
var scenarios = map[string]func(*stage){
	"sessions": playSessions,
	"capture":  playCapture,
	"input":    playInput,
	"windows":  playWindows,
}

// TestScenarios plays every scenario on the real tmux; with -record it also
// writes the transcripts.
func TestScenarios(t *testing.T) {
	t.Parallel()
	for name, play := range scenarios {
		t.Run(name, func(t *testing.T) {
			socket := controltest.SocketName(t)
			recorder := new(controltest.Recorder)
			s := &stage{T: t, await: func(channel string) { controltest.Tmux(t, socket, "wait-for", channel) }}
			conn, _, err := controlmode.Dial(t.Context(), controlmode.DialOptions{
				SocketName: socket, Env: testEnv(), Dir: "/",
				Conn: controlmode.ConnOptions{OnNotification: s.notify, Nonce: countingNonce(), Trace: recorder.Trace},
			})
			require.NoError(t, err)
			defer conn.Close()
			s.client = conn.Client
			play(s)
			if *record {
				out, err := exec.Command("tmux", "-V").Output()
				require.NoError(t, err)
				version := strings.ReplaceAll(strings.TrimSpace(string(out)), " ", "-")
				require.NoError(t, recorder.WriteFile(filepath.Join(transcripts, version, name+".txt")))
			}
		})
	}
}

// TestTranscripts plays every scenario on every recorded tmux.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(transcripts, "*", "*.txt"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".txt")
		t.Run(filepath.Base(filepath.Dir(file))+"/"+name, func(t *testing.T) {
			play, ok := scenarios[name]
			require.True(t, ok, "no scenario plays %s", file)
			s := &stage{T: t, await: func(string) {}}
			conn, _, err := controlmode.NewConn(controltest.NewReplay(t, file),
				controlmode.ConnOptions{OnNotification: s.notify, Nonce: countingNonce()})
			require.NoError(t, err)
			defer conn.Close()
			s.client = conn.Client
			play(s)
		})
	}
}

// testEnv is the same for every test, so that transcripts differ by tmux only.
func testEnv() []string {
	return []string{"TERM=xterm-256color", "PATH=/usr/local/bin:/usr/bin:/bin:/opt/homebrew/bin", "SHELL=/bin/sh", "HOME=/", "LANG=C"}
}

// countingNonce makes the client write the same in every run.
func countingNonce() func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%032x", n.Add(1)) }
}

func playSessions(s *stage) {
	ctx := s.Context()
	pane, err := s.client.NewSession(ctx, controlmode.NewSessionOptions{
		Name: "one", Width: 40, Height: 5, Dir: "/", Env: map[string]string{"A": "b c"},
		Command: []string{"cat"}, Options: map[string]string{"@id": "%end 1 2 1 #{pid}"},
	})
	require.NoError(s, err)
	_, err = s.client.NewSession(ctx, controlmode.NewSessionOptions{Name: "one", Width: 40, Height: 5})
	require.ErrorIs(s, err, controlmode.ErrDuplicate)
	require.NoError(s, s.client.RenameSession(ctx, pane.Session, "two; #{pid}"))

	list, err := s.client.ListSessions(ctx, "@id")
	require.NoError(s, err)
	require.Len(s, list, 2)
	require.True(s, controlmode.IsAnchor(list[0].Name))
	require.Equal(s, controlmode.SessionInfo{ID: pane.Session, Name: "two; #{pid}", Option: "%end 1 2 1 #{pid}"}, list[1])

	panes, err := s.client.ListPanes(ctx, pane.Session)
	require.NoError(s, err)
	require.Len(s, panes, 1)
	require.Equal(s, pane.Pane, panes[0].Pane)
	require.Equal(s, []any{true, 40, 5, false}, []any{panes[0].Active, panes[0].Width, panes[0].Height, panes[0].Dead})
	all, err := s.client.ListAllPanes(ctx)
	require.NoError(s, err)
	require.Equal(s, panes, all, "without the anchor's")

	require.NoError(s, s.client.KillSession(ctx, pane.Session))
	require.ErrorIs(s, s.client.KillSession(ctx, pane.Session), controlmode.ErrNotFound)
	_, err = s.client.ListPanes(ctx, pane.Session)
	require.ErrorIs(s, err, controlmode.ErrNotFound)
	require.NoError(s, s.client.Ping(ctx))
	require.True(s, s.hasReceived(controlmode.SessionsChanged{}))
	require.True(s, s.hasReceived(controlmode.SessionRenamed{Session: pane.Session, Name: "two; #{pid}"}))
}

func playCapture(s *stage) {
	ctx := s.Context()
	script := `printf '%s\n' '%end 1 2 1' '\ \\ \033 $HOME ${x} $1 "q" ~ #{pid}' 'é 漢字 👍🏽 ́'; printf '\033[1mbold\033[m\ttab'; tmux wait-for -S drawn; exec cat`
	one, err := s.client.NewSession(ctx, controlmode.NewSessionOptions{
		Name: "one", Width: 40, Height: 6, Command: []string{"sh", "-c", script},
	})
	require.NoError(s, err)
	s.await("drawn")
	screen, err := s.client.CapturePane(ctx, controlmode.ActivePane(one.Session))
	require.NoError(s, err)
	lines := strings.Split(string(screen), "\n")
	require.Equal(s, []string{"%end 1 2 1", `\ \\ \033 $HOME ${x} $1 "q" ~ #{pid}`}, lines[:2])
	require.Contains(s, lines[2], "é 漢字 👍")
	require.Equal(s, []string{"bold    tab", "", "", ""}, lines[3:])

	same, err := s.client.CapturePane(ctx, controlmode.PaneOf(one.Session, one.Pane))
	require.NoError(s, err)
	require.Equal(s, string(screen), string(same))

	two, err := s.client.NewSession(ctx, controlmode.NewSessionOptions{Name: "two", Width: 9, Height: 2, Command: []string{"cat"}})
	require.NoError(s, err)
	for _, foreign := range []controlmode.Target{
		controlmode.PaneOf(one.Session, two.Pane), controlmode.PaneOf(two.Session, one.Pane), controlmode.PaneOf(one.Session, 99),
		controlmode.ActivePane(99), controlmode.PaneOf(99, one.Pane),
	} {
		_, err = s.client.CapturePane(ctx, foreign)
		require.ErrorIs(s, err, controlmode.ErrNotFound)
		require.ErrorIs(s, s.client.SendKeys(ctx, foreign, new(controlmode.Input).Bytes("x")), controlmode.ErrNotFound)
	}
}

func playInput(s *stage) {
	ctx := s.Context()
	script := `stty raw -echo; tmux wait-for -S raw; head -c 21 | od -An -v -tx1; tmux wait-for -S typed; exec cat`
	pane, err := s.client.NewSession(ctx, controlmode.NewSessionOptions{
		Name: "one", Width: 60, Height: 4, Command: []string{"sh", "-c", script},
	})
	require.NoError(s, err)
	s.await("raw")
	in := new(controlmode.Input).Bytes("-é\n\x00\xff~ ;\"'$\\#{x}\x1b[A").Keys("C-c")
	require.NoError(s, s.client.SendKeys(ctx, controlmode.ActivePane(pane.Session), in))
	s.await("typed")
	screen, err := s.client.CapturePane(ctx, controlmode.ActivePane(pane.Session))
	require.NoError(s, err)
	require.Equal(s, "2d c3 a9 0a 00 ff 7e 20 3b 22 27 24 5c 23 7b 78 7d 1b 5b 41 03", strings.Join(strings.Fields(string(screen)), " "))
}

func playWindows(s *stage) {
	ctx := s.Context()
	pane, err := s.client.NewSession(ctx, controlmode.NewSessionOptions{
		Name: "one", Width: 40, Height: 5,
		Command: []string{"sh", "-c", "tmux new-window -d -n other cat; tmux rename-window here; tmux split-window -d cat; tmux wait-for -S made; exec cat"},
	})
	require.NoError(s, err)
	s.await("made")
	panes, err := s.client.ListPanes(ctx, pane.Session)
	require.NoError(s, err)
	require.Len(s, panes, 3)
	active := 0
	for _, p := range panes {
		if p.Active {
			active++
			require.Equal(s, pane.Pane, p.Pane)
		}
	}
	require.Equal(s, 1, active)
	require.True(s, s.hasReceived(controlmode.WindowAdd{Window: panes[2].Window, Unlinked: true}))
	require.True(s, s.hasReceived(controlmode.WindowRenamed{Window: pane.Window, Name: "here", Unlinked: true}))
	require.NoError(s, s.client.KillSession(ctx, pane.Session))
	require.NoError(s, s.client.Ping(ctx))
	require.True(s, s.hasReceived(controlmode.WindowClose{Window: pane.Window, Unlinked: true}))
}
