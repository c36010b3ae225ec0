package live_test

import (
	"flag"
	"fmt"
	"os/exec"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
)

var floodFor = flag.Duration("flood-for", 2*time.Second, "how long TestTimedFlood floods")

// Programs that flood, and viewers that do not read the output, make captures of
// another session no slower, and neither tmux nor the service larger.
func TestTimedFlood(t *testing.T) {
	s := start(t, registry.Options{})
	quiet := s.StartProgram(s.alice, "cat")
	idle := s.captureTimes(quiet, *floodFor/2)
	before := sessiontest.MemoryKB(t, s.TmuxPID())
	var floods []int64
	for range 5 {
		id := s.StartProgram(s.alice, "yes")
		floods = append(floods, id)
		_, err := s.view(id, session.CaptureOptions{}).Listen(s.ctx) // and never read again
		require.NoError(t, err)
		s.repaintOnce(id)
	}
	var curve []string
	var flooded []time.Duration
	for range 6 {
		flooded = append(flooded, s.captureTimes(quiet, *floodFor/6)...)
		curve = append(curve, fmt.Sprintf("%d+%d", sessiontest.MemoryKB(t, s.TmuxPID())/1024, sessiontest.MemoryKB(t, "self")/1024))
	}
	slices.Sort(idle)
	slices.Sort(flooded)
	p99 := func(d []time.Duration) time.Duration { return d[len(d)*99/100] }
	t.Logf("p99 of captures: %s idle, %s during the flood; MB of tmux + service and test: %s", p99(idle), p99(flooded), strings.Join(curve, " "))
	require.Less(t, sessiontest.MemoryKB(t, s.TmuxPID())-before, 100<<10, "tmux does not grow")
	require.Less(t, p99(flooded), max(50*p99(idle), 500*time.Millisecond))
	for _, id := range floods {
		state := s.RunTmux("display-message", "-p", "-t", tmuxName(id), "#{history_size} #{history_bytes} #{pane_dead}")
		require.True(t, strings.HasSuffix(state, " 0\n"), "it still runs")
		s.MustEnd(s.alice, id)
	}
}

// repaintOnce looks at a session until the test's end, and has it repainted meanwhile.
// That takes a while when the session floods.
func (s service) repaintOnce(id int64) {
	s.t.Helper()
	v, ctx := s.view(id, session.CaptureOptions{}), s.ctx
	var group sync.WaitGroup
	group.Go(func() { _, _, _ = v.Repaint(ctx) })
	s.t.Cleanup(group.Wait)
}

// captureTimes captures a session for a while, each time after it was touched, so that
// tmux is asked, and returns how long each capture took.
func (s service) captureTimes(id int64, d time.Duration) (took []time.Duration) {
	s.t.Helper()
	for end := time.Now().Add(d); time.Now().Before(end); {
		s.sendBytes(id, "")
		begin := time.Now()
		s.look(id, session.CaptureOptions{})
		took = append(took, time.Since(begin))
	}
	return took
}

// Output that is printed where nobody looks any more makes tmux no larger.
func TestTimedFloodUnwatched(t *testing.T) {
	t.Parallel()
	s := start(t, registry.Options{Live: live.Options{Idle: 10 * time.Millisecond}})
	elsewhere := s.MustCreate(s.alice, session.CreateOptions{})
	t.Cleanup(func() {
		if t.Failed() { // it has printed three times as slowly as ever, once
			busy, err := exec.Command("ps", "-eo", "stat,pcpu,time,rss,args", "--sort=-pcpu").CombinedOutput()
			t.Logf("%v\n%.3000s", err, busy)
		}
	})
	for _, leaving := range []struct {
		name   string
		rounds int // of 50 MB
		leave  func(id int64)
	}{
		{"before", 1, func(id int64) {
			window := s.MustGet(s.alice, id).Windows[0].ID
			s.Eventually("the window is unlinked", func() bool { return s.HubOf(window) == "" })
			s.TypeLine(s.alice, id, "")
		}},
		{"meanwhile", 4, func(id int64) { s.TypeLine(s.alice, id, "") }},
		{"moved", 1, func(id int64) {
			pane := s.MustGet(s.alice, id).Panes[0].ID
			s.RunTmux("split-window", "-d", "-t", pane, "cat")
			s.view(id, session.CaptureOptions{})
			s.RunTmux("join-pane", "-d", "-s", pane, "-t", elsewhere.Panes[0].ID)
			s.RunTmux("send-keys", "-t", pane, "Enter")
		}},
	} {
		before := sessiontest.MemoryKB(t, s.TmuxPID())
		id := s.shell(fmt.Sprintf(`read x; read x; for i in $(seq %d); do head -c 50000000 /dev/zero | tr '\0' x; done; tmux wait-for -S %s; exec cat`, leaving.rounds, leaving.name))
		v := s.view(id, session.CaptureOptions{}) // so that it stays linked
		window := s.MustGet(s.alice, id).Windows[0].ID
		s.Eventually("the window is linked", func() bool { return s.HubOf(window) != "" })
		s.TypeLine(s.alice, id, "reported")
		_, err := nextWith(s.ctx, v, func(text string) bool { return strings.HasPrefix(text, "reported\n") })
		require.NoError(t, err)
		v.Close()
		left := time.Now()
		leaving.leave(id)
		s.awaitSignal(leaving.name)
		t.Logf("%s: all is printed after %v", leaving.name, time.Since(left))
		s.Eventually(leaving.name+": tmux has freed its memory", func() bool { return sessiontest.MemoryKB(t, s.TmuxPID())-before < 20<<10 })
	}
}
