package controlmode_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
)

// naiveClient is a control client as somebody would write it who does not know of its
// dangers.
type naiveClient struct {
	t   *testing.T
	cmd *exec.Cmd
	in  io.WriteCloser
	out *bufio.Reader
}

func startNaive(t *testing.T, socket string, args ...string) *naiveClient {
	t.Helper()
	n := &naiveClient{t: t, cmd: exec.Command("tmux", append([]string{"-L", socket, "-f", "/dev/null", "-C"}, args...)...)}
	in, err := n.cmd.StdinPipe()
	require.NoError(t, err)
	out, err := n.cmd.StdoutPipe()
	require.NoError(t, err)
	n.in, n.out = in, bufio.NewReader(out)
	require.NoError(t, n.cmd.Start())
	t.Cleanup(n.kill)
	return n
}

// kill ends the client, if it has not ended.
func (n *naiveClient) kill() {
	_ = n.cmd.Process.Kill()
	_ = n.cmd.Wait()
}

func (n *naiveClient) say(line string) {
	_, _ = io.WriteString(n.in, line+"\n") // tmux may have died of it
}

// attached reads until the client is.
func (n *naiveClient) attached() *naiveClient {
	n.t.Helper()
	require.True(n.t, n.reads("%session-changed"), "the client does not attach")
	return n
}

// reads reports whether a line with that start comes before the end.
func (n *naiveClient) reads(start string) bool {
	for {
		line, err := n.out.ReadString('\n')
		if strings.HasPrefix(line, start) {
			return true
		}
		if err != nil {
			return false
		}
	}
}

// serverPID is the process id of the tmux server that answers a one-shot client; 0:
// none answers.
func serverPID(socket string) (pid int) {
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", "-N", "-L", socket, "display-message", "-p", "#{pid}")
	cmd.WaitDelay = time.Second
	out, _ := cmd.Output()
	_, _ = fmt.Sscan(string(out), &pid)
	return pid
}

// deadly are the known ways in which a control client can kill or wedge the whole
// tmux server. provoke acts as a naive client would; whether the server dies of it
// depends on its version and on luck. same does the same with our client, and the
// server must survive. Without a same, we never send such a command (see
// TestNoDeadlyCommands).
var deadly = []struct {
	name    string
	provoke func(t *testing.T, socket string)
	same    func(t *testing.T, socket string, server *controlmode.Server)
	ends    bool // it is to end the server, but well
}{
	{"a notification while a client identifies itself (PR 4980)", provokeNotifications, sameNotifications, false},
	{"a client that goes before its attach is complete (PR 5004)", provokeEarlyEnd, sameEarlyEnd, false},
	{"two clients of sessions with destroy-unattached die together", provokeTwoDeaths, sameTwoDeaths, false},
	{"respawn-pane while a client is far behind (5499)", provokeRespawn, sameRespawn, false},
	{"kill-server while a client does not read", provokeKillServer, sameKillServer, true},
	{"select-window and kill-session in one line (5243)", say("new-window -d -t victim: cat", "select-window -t victim:1 ; kill-session -t victim"), nil, false},
	{"a second display-popup (5551)", say("display-popup -E cat", "display-popup -E cat"), nil, false},
	{"select-layout of what is no layout", say("split-window -t victim: cat", "select-layout -t victim: nonsense", "select-layout -t victim: 0000,80x24,0,0[80x12]"), nil, false},
}

func TestDeadlyWays(t *testing.T) {
	t.Parallel()
	for _, d := range deadly {
		t.Run(d.name, func(t *testing.T) {
			t.Parallel()
			socket := controltest.SocketName(t)
			controltest.Tmux(t, socket, "-f", "/dev/null", "new-session", "-d", "-x", "80", "-y", "24", "-s", "victim", "cat")
			before := serverPID(socket)
			require.NotZero(t, before)
			d.provoke(t, socket)
			how := "lives"
			switch {
			case serverPID(socket) == before:
			case !ended(t, before):
				how = "HANGS"
			case d.ends:
				how = "ends, as it was told"
			default:
				how = "DIES"
			}
			t.Logf("a naive client: the server %s", how)
			if d.same == nil {
				return
			}
			socket = controltest.SocketName(t)
			server := controltest.Start(t, controlmode.ServerOptions{SocketName: socket})
			id, err := server.Current(t.Context())
			require.NoError(t, err)
			newPane(t, server, "victim", "cat")
			d.same(t, socket, server)
			now, err := server.Current(t.Context())
			require.NoError(t, err)
			if !d.ends {
				require.Equal(t, id, now, "ours: the server died")
			}
			require.NoError(t, server.On(now).Ping(t.Context()))
		})
	}
}

// A command that never returns blocks all later ones on its connection. (We send no
// such command.)
func TestNeverReturning(t *testing.T) {
	t.Parallel()
	socket := controltest.SocketName(t)
	n := startNaive(t, socket, "new-session", "-x", "80", "-y", "24", "cat").attached()
	n.say("wait-for nobody")
	n.say("display-message -p behind")
	controltest.Tmux(t, socket, "set-option", "-g", "@a", "b") // tmux itself goes on
	answered := make(chan bool, 1)
	go func() { answered <- n.reads("behind") }()
	require.NotZero(t, serverPID(socket))
	select {
	case <-answered:
		t.Fatal("it returned")
	default:
	}
	controltest.Tmux(t, socket, "wait-for", "-S", "nobody")
	require.True(t, <-answered, "now it does")
}

// say attaches to the session and says some lines.
func say(lines ...string) func(*testing.T, string) {
	return func(t *testing.T, socket string) {
		// From a session of its own, so that it outlives the victim's.
		n := startNaive(t, socket, "new-session", "-s", "own", "-x", "80", "-y", "24", "cat").attached()
		for _, line := range lines {
			n.say(line)
		}
		n.say("display-message -p said")
		said := make(chan bool, 1)
		go func() { said <- n.reads("said") }()
		select {
		case <-said: // or the server is dead
		case <-time.After(2 * time.Second): // or the queue is stuck
			n.kill()
			<-said
		}
	}
}

// changes has ordinary clients create and kill sessions until stop is called.
func changes(socket string) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	var workers sync.WaitGroup
	for worker := range 2 {
		workers.Go(func() {
			name := fmt.Sprint("change", worker)
			for ctx.Err() == nil {
				_ = exec.Command("tmux", "-N", "-L", socket, "new-session", "-d", "-s", name, "cat").Run()
				_ = exec.Command("tmux", "-N", "-L", socket, "kill-session", "-t", name).Run()
			}
		})
	}
	return func() { cancel(); workers.Wait() }
}

func provokeNotifications(t *testing.T, socket string) {
	stop := changes(socket)
	defer stop()
	before := serverPID(socket)
	for range 30 { // "a client per session", all opened at once
		var clients []*naiveClient
		for range 4 {
			clients = append(clients, startNaive(t, socket, "attach-session", "-t", "victim"))
		}
		for _, n := range clients {
			n.reads("%session-changed")
			n.kill()
		}
		if serverPID(socket) != before {
			return
		}
	}
}

// Our own changes wait while a client of ours identifies itself.
func sameNotifications(t *testing.T, _ string, server *controlmode.Server) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	id, err := server.Current(ctx)
	require.NoError(t, err)
	var changing errgroup.Group
	for worker := range 4 {
		changing.Go(func() error {
			for i := 0; ctx.Err() == nil; i++ {
				if err := churn(ctx, server.On(id), fmt.Sprintf("w%d-%d-", worker, i)); err != nil {
					return err
				}
			}
			return nil
		})
	}
	for range 20 {
		hub, err := server.OpenHub(ctx, nil)
		require.NoError(t, err)
		require.NoError(t, hub.Close())
	}
	cancel()
	require.NoError(t, changing.Wait())
}

func provokeEarlyEnd(t *testing.T, socket string) {
	for i := range 100 {
		n := startNaive(t, socket, "attach-session", "-t", "victim")
		// Some time into the attach, another each time.
		timer := time.NewTimer(time.Duration(i%20) * 500 * time.Microsecond)
		<-timer.C
		n.kill()
	}
}

// A caller who gives up a dial does not cut the attach short.
func sameEarlyEnd(t *testing.T, _ string, server *controlmode.Server) {
	for i := range 20 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i)*2*time.Millisecond)
		hub, err := server.OpenHub(ctx, nil)
		cancel()
		if err == nil {
			require.NoError(t, hub.Close())
		} else {
			require.ErrorIs(t, err, context.DeadlineExceeded)
		}
	}
}

func provokeTwoDeaths(t *testing.T, socket string) {
	for i := range 20 {
		var clients []*naiveClient
		for j := range 2 {
			n := startNaive(t, socket, "new-session", "-s", fmt.Sprintf("d%d-%d", i, j), "cat", ";", "set-option", "destroy-unattached", "on")
			if !n.reads("%session-changed") {
				return // it is dead already
			}
			clients = append(clients, n)
		}
		for _, n := range clients {
			_ = n.cmd.Process.Kill()
		}
		for _, n := range clients {
			n.kill()
		}
	}
}

func sameTwoDeaths(t *testing.T, socket string, server *controlmode.Server) {
	sub := server.Subscribe(64)
	defer sub.Close()
	for range 10 {
		hub, err := server.OpenHub(t.Context(), nil)
		require.NoError(t, err)
		for _, pid := range clientPIDs(t, socket) {
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		}
		<-hub.Done()
		require.NoError(t, hub.Close())
		awaitConnected(t, sub)
	}
}

func provokeRespawn(t *testing.T, socket string) {
	controltest.Tmux(t, socket, "respawn-pane", "-k", "-t", "victim", "yes")
	n := startNaive(t, socket, "attach-session", "-t", "victim").attached()
	n.say("refresh-client -f pause-after=1")
	ended := make(chan bool)
	go func() { defer close(ended); n.reads("%exit") }()
	defer func() { n.kill(); <-ended }()
	for range 50 {
		_ = exec.Command("tmux", "-N", "-L", socket, "respawn-pane", "-k", "-t", "victim", "yes").Run()
	}
}

// A user may respawn a pane while we listen. If the client is far behind then, that
// ends the server (to 3.5a at least: "not enough data"). So a listener pauses a pane
// that floods, which drops the output that tmux has buffered for the client.
func sameRespawn(t *testing.T, socket string, server *controlmode.Server) {
	_, pane := newPane(t, server, "flood", "yes")
	hub := openFlooded(t, server, pane)
	defer hub.Close()
	require.NoError(t, hub.Pause(t.Context(), pane.Pane))
	for range 50 {
		out, err := exec.Command("tmux", "-N", "-L", socket, "respawn-pane", "-k", "-t", "=flood:", "yes").CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	require.NoError(t, hub.Err())
}

func provokeKillServer(t *testing.T, socket string) {
	controltest.Tmux(t, socket, "respawn-pane", "-k", "-t", "victim", "yes")
	n := startNaive(t, socket, "attach-session", "-t", "victim").attached()
	n.say("kill-server") // and reads no more
}

// Our clients read to the end, whoever kills the server.
func sameKillServer(t *testing.T, socket string, server *controlmode.Server) {
	_, pane := newPane(t, server, "flood", "yes")
	hub := openFlooded(t, server, pane)
	id, err := server.Current(t.Context())
	require.NoError(t, err)
	sub := server.Subscribe(64)
	defer sub.Close()
	controltest.Tmux(t, socket, "kill-server")
	<-hub.Done()
	require.NoError(t, hub.Close())
	require.NotEqual(t, id, awaitConnected(t, sub))
	require.Eventually(t, func() bool { return ended(t, id.PID) }, 10*time.Second, 5*time.Millisecond, "the old server")
}

// ended reports whether the process is gone, or is a zombie.
func ended(t *testing.T, pid int) bool {
	t.Helper()
	out, err := exec.Command("ps", "-o", "stat=", "-p", fmt.Sprint(pid)).Output()
	return err != nil || strings.HasPrefix(string(out), "Z")
}
