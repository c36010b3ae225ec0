package api

import (
	"flag"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var (
	heldPolls = flag.Int("held", 200, "how many long-polls TestManyLongPolls holds")
	heldFor   = flag.Duration("held-for", time.Second, "and for how long")
)

// processorTime is what this process has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// answered is an answer and when it came.
type answered struct {
	answer
	at time.Time
}

// hold starts n long-polls and waits until the server holds them.
func (s service) hold(c *client, at, etag string, n int) <-chan answered {
	s.t.Helper()
	answers := make(chan answered, n)
	before := s.registry.Stats().Held
	for range n {
		go func() {
			_, a := c.send("GET", at+"/capture-pane?wait=60", "", unless(etag))
			answers <- answered{a, time.Now()}
		}()
	}
	s.awaitHeld(before + n)
	return answers
}

func TestManyLongPolls(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	answers := s.hold(alice, at, alice.poll(at+"/capture-pane", "").header.Get("ETag"), *heldPolls)
	used, began := processorTime(t), time.Now()
	<-time.After(*heldFor) // what is measured is that nothing happens
	share := float64(processorTime(t)-used) / float64(time.Since(began))
	require.Len(t, answers, 0, "nobody is answered without a change")
	changed := time.Now()
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":"x"}`).status)
	var last time.Duration
	for range *heldPolls {
		a := <-answers
		require.Equal(t, 200, a.status)
		require.True(t, strings.HasPrefix(a.body, "x"))
		last = max(last, a.at.Sub(changed))
	}
	t.Logf("%d held for %s with %.1f %% of a processor; the last was answered %s after the change (clients and race detector included)",
		*heldPolls, *heldFor, 100*share, last)
	require.Less(t, share, 0.5)
}

// Whatever is killed, whoever waits is told, and nothing is left.
func TestKillingInTurn(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	const polls, streams = 100, 10
	for _, kill := range []struct {
		what   string
		kill   func(at string)
		status string // of the session after; "": it goes on
	}{
		{"hub", func(string) { s.kill(s.hubPID()) }, ""},
		{"commands", func(string) { s.kill(s.commandPID()) }, ""},
		{"session", func(at string) { alice.typeLine(at, "exit") }, "exited"},
		{"server", func(string) { controltest.Tmux(t, s.socket, "kill-server") }, "lost"},
	} {
		at := alice.create(`{"command":["sh"]}`)
		var etag string
		require.Eventually(t, func() bool { // the prompt is there
			a := alice.poll(at+"/capture-pane?trim=true", "")
			etag = alice.poll(at+"/capture-pane", "").header.Get("ETag")
			return a.body != ""
		}, 10*time.Second, 5*time.Millisecond)
		answers := s.hold(alice, at, etag, polls)
		var events []*stream
		var terminals []*attached
		for range streams {
			events = append(events, alice.stream(at+"/events", ""))
			terminals = append(terminals, alice.attach(at, ""))
		}
		s.awaitHeld(polls + 2*streams)
		kill.kill(at)
		if kill.status == "" {
			require.Eventually(t, func() bool { return alice.call("POST", at+"/send-keys", `{"keys":"echo went on"}`).status == 204 }, 10*time.Second, 10*time.Millisecond)
		}
		for range polls {
			a := <-answers
			switch kill.status {
			case "":
				require.Equal(t, 200, a.status, kill.what)
			default: // what "exit" looked like may come first
				require.Contains(t, []int{200, 410}, a.status, kill.what)
			}
		}
		for i := range streams {
			if kill.status == "" {
				events[i].until("screen", func(e event) bool { return strings.Contains(e.data["text"].(string), "went on") })
				events[i].cancel()
				require.NoError(t, terminals[i].conn.CloseNow())
				continue
			}
			require.Equal(t, kill.status, events[i].until("exit", anyEvent).data["status"])
			require.Equal(t, kill.status, terminals[i].frame("exit")["status"])
			require.NoError(t, terminals[i].conn.CloseNow())
		}
		s.awaitHeld(0)
		require.Equal(t, 204, alice.call("DELETE", at, "").status)
		s.onlyAnchors()
	}
}

// commandPID is the process of the control client that commands go through.
func (s service) commandPID() string {
	s.t.Helper()
	for line := range strings.Lines(controltest.Tmux(s.t, s.socket, "list-clients", "-F", "#{client_pid} #{client_flags}")) {
		pid, flags, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.Contains(flags, "no-output") {
			return pid
		}
	}
	return ""
}

// A human's window keeps its size while clients look at it.
func TestWatchingResizesNobody(t *testing.T) {
	t.Parallel()
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	at := alice.create(`{"command":["cat"]}`)
	human := exec.Command("tmux", "-L", s.socket, "attach", "-t", "session-1")
	human.Env = append(os.Environ(), "TERM=xterm")
	terminal, err := pty.StartWithSize(human, &pty.Winsize{Cols: 200, Rows: 50})
	require.NoError(t, err)
	var group sync.WaitGroup
	group.Go(func() {
		for b := make([]byte, 4096); err == nil; {
			_, err = terminal.Read(b)
		}
	})
	t.Cleanup(func() {
		_ = human.Process.Kill()
		_ = human.Wait()
		terminal.Close()
		group.Wait()
	})
	layout := func() string {
		return controltest.Tmux(t, s.socket, "list-windows", "-t", "session-1", "-F", "#{window_index} #{window_id} #{window_width}x#{window_height} #{window_layout}")
	}
	require.Eventually(t, func() bool { return strings.Contains(layout(), " 200x49 ") }, 10*time.Second, 5*time.Millisecond)
	before := layout()
	var terminals []*attached
	for range 10 {
		a := alice.attach(at, "?mode=view")
		a.draws("\x1b[?25h")
		terminals = append(terminals, a)
		require.Equal(t, before, layout())
	}
	alice.typeLine(at, "hello")
	for _, a := range terminals {
		a.draws("hello\r\nhello")
		require.Equal(t, before, layout())
	}
	s.kill(s.hubPID())
	terminals[0].frame("resync")
	require.Equal(t, before, layout())
}
