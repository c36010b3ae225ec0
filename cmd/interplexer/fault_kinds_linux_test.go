package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/db/dbtest"
)

// faults are one row each of the table.
var faults = []fault{
	{
		name: "command client SIGKILL",
		do:   func(c *trial) { c.kill(c.before.command, syscall.SIGKILL) },
		over: func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "command client SIGSTOP", spares: true,
		do:   func(c *trial) { c.kill(c.before.command, syscall.SIGSTOP) },
		undo: func(c *trial) { c.kill(c.before.command, syscall.SIGCONT) },
		// The tmux server has its terminal; the process itself does nothing.
		shown: forTime(time.Second),
	},
	{
		name: "hub client SIGKILL", spares: true,
		do:   func(c *trial) { c.kill(c.before.hub, syscall.SIGKILL) },
		over: func(c *trial) bool { return c.renewed(false, true) },
	},
	{
		name: "hub client SIGSTOP", spares: true,
		do:    func(c *trial) { c.kill(c.before.hub, syscall.SIGSTOP) },
		undo:  func(c *trial) { c.kill(c.before.hub, syscall.SIGCONT) },
		shown: forTime(time.Second),
	},
	{
		name: "both clients SIGKILL at once",
		do: func(c *trial) {
			c.kill(c.before.command, syscall.SIGKILL)
			c.kill(c.before.hub, syscall.SIGKILL)
		},
		over: func(c *trial) bool { return c.renewed(true, true) },
	},
	{
		name: "command client's queue stuck (a hook that waits)",
		do:   func(c *trial) { c.tmux("set-hook", "-g", "after-list-panes", "wait-for nobody") },
		undo: func(c *trial) { c.tmux("set-hook", "-gu", "after-list-panes") },
		shown: func(c *trial) bool {
			return strings.Contains(c.v.log.String(), "tmux answers, but not its control client")
		},
		over:   func(c *trial) bool { return c.renewed(true, false) },
		within: 10 * time.Second,
	},
	{
		name: "command client detached by somebody",
		do:   func(c *trial) { c.detach(c.before.command) },
		over: func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "hub client detached by somebody", spares: true,
		do:   func(c *trial) { c.detach(c.before.hub) },
		over: func(c *trial) bool { return c.renewed(false, true) },
	},
	{
		name: "command client's session killed by somebody",
		do:   func(c *trial) { c.killAnchor(c.before.command) },
		over: func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "hub's session killed by somebody", spares: true,
		do:   func(c *trial) { c.killAnchor(c.before.hub) },
		over: func(c *trial) bool { return c.renewed(false, true) },
	},
	serverDies("tmux server SIGKILL", syscall.SIGKILL),
	serverDies("tmux server SIGTERM", syscall.SIGTERM),
	serverDies("tmux server crashes (SIGSEGV)", syscall.SIGSEGV),
	{
		name: "tmux kill-server", fate: "lost",
		do:   func(c *trial) { c.tmux("kill-server") },
		over: func(c *trial) bool { return c.renewed(true, true) },
	},
	{
		name:  "tmux server SIGSTOP, SIGCONT",
		do:    func(c *trial) { c.kill(c.before.tmux, syscall.SIGSTOP) },
		undo:  func(c *trial) { c.kill(c.before.tmux, syscall.SIGCONT) },
		shown: degraded,
	},
	{
		name: "tmux server SIGSTOP, command client SIGKILL, SIGCONT",
		do: func(c *trial) {
			c.kill(c.before.tmux, syscall.SIGSTOP)
			c.kill(c.before.command, syscall.SIGKILL)
		},
		undo:  func(c *trial) { c.kill(c.before.tmux, syscall.SIGCONT) },
		shown: func(c *trial) bool { return c.saw("ready", "503 not-ready down") },
		// A hub that wakes late may be replaced as well.
		over:   func(c *trial) bool { return c.renewed(true, false) || c.renewed(true, true) },
		within: 15 * time.Second, // an attach is given ten
	},
	{
		name: "tmux's socket unlinked", spares: true,
		do:   func(c *trial) { require.NoError(c.t, os.Remove(c.before.socket)) },
		over: (*trial).reached,
	},
	{
		name: "tmux's socket folder removed", spares: true,
		do:   (*trial).removeFolder,
		over: (*trial).reached,
	},
	{
		name: "socket taken by somebody else's tmux server", spares: true, leaves: "their server",
		do:   (*trial).usurp,
		over: (*trial).reached,
	},
	{
		name: "tmux server out of descriptors (no pty)",
		do: func(c *trial) {
			c.limit(c.before.tmux, "nofile", c.descriptors(c.before.tmux))
		},
		undo:  func(c *trial) { c.limit(c.before.tmux, "nofile", 1024) },
		shown: func(c *trial) bool { return c.saw("create", "503 no-resources") },
	},
	{
		name: "tmux server cannot fork", setUp: (*trial).unprivileged,
		do:    func(c *trial) { c.limit(c.before.tmux, "nproc", 1) },
		undo:  func(c *trial) { c.limit(c.before.tmux, "nproc", 1000) },
		shown: func(c *trial) bool { return c.saw("create", "503 no-resources") },
	},
	{
		name: "service out of descriptors, command client SIGKILL",
		do: func(c *trial) {
			c.limit(c.v.cmd.Process.Pid, "nofile", 3)
			c.kill(c.before.command, syscall.SIGKILL)
		},
		undo:  func(c *trial) { c.limit(c.v.cmd.Process.Pid, "nofile", 1024) },
		shown: func(c *trial) bool { return strings.Contains(c.v.log.String(), "too many open files") },
		over:  func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "every new tmux client exits at once", setUp: (*trial).wrap,
		do: func(c *trial) {
			require.NoError(c.t, os.WriteFile(c.starts, nil, 0o600))
			require.NoError(c.t, os.WriteFile(c.starts+".refuse", nil, 0o600))
			c.kill(c.before.command, syscall.SIGKILL)
		},
		undo:  (*trial).noBusyLoop,
		shown: forTime(3 * time.Second),
		over:  func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "tmux program removed, command client SIGKILL", setUp: (*trial).wrap,
		do: func(c *trial) {
			require.NoError(c.t, os.Rename(c.starts+".tmux", c.starts+".away"))
			c.kill(c.before.command, syscall.SIGKILL)
		},
		undo: func(c *trial) {
			require.NoError(c.t, os.Rename(c.starts+".away", c.starts+".tmux"))
		},
		shown: func(c *trial) bool { return strings.Contains(c.v.log.String(), "tmux dial failed") },
		over:  func(c *trial) bool { return c.renewed(true, false) },
	},
	{
		name: "folder for temporary files gone", spares: true, // input passes through memory
		do:   func(c *trial) { require.NoError(c.t, os.Rename(c.temporary(), c.temporary()+".away")) },
		undo: func(c *trial) { require.NoError(c.t, os.Rename(c.temporary()+".away", c.temporary())) },
	},
	{
		name: "a session's program exits", fate: "exited", spares: true,
		do: func(c *trial) { c.kill(c.pane, syscall.SIGKILL) },
	},
	{
		name: "session killed by a plain tmux", fate: "exited", spares: true,
		do: func(c *trial) { c.tmux("kill-session", "-t", "=session-1:") },
	},
	{
		name: "active pane killed, another left", spares: true,
		do: func(c *trial) {
			c.tmux("split-window", "-d", "-t", "=session-1:", "stty raw -echo; exec cat")
			c.tmux("kill-pane", "-t", "=session-1:")
		},
	},
	{
		name: "active window killed, another left", spares: true,
		do: func(c *trial) {
			c.tmux("new-window", "-d", "-t", "=session-1:", "stty raw -echo; exec cat")
			c.tmux("kill-window", "-t", "=session-1:")
		},
	},
	{
		name: "session renamed by a plain tmux", spares: true,
		do: func(c *trial) { c.tmux("rename-session", "-t", "=session-1:", "theirs") },
	},
	{
		name: "service SIGKILL, restart", severed: true, within: 10 * time.Second,
		do:   func(c *trial) { c.v.kill() },
		undo: func(c *trial) { c.v = c.start(c.args...) },
		over: func(c *trial) bool { return c.renewed(true, true) },
	},
	{
		name: "service SIGSTOP, SIGCONT", spares: true,
		do:    func(c *trial) { c.kill(c.v.cmd.Process.Pid, syscall.SIGSTOP) },
		undo:  func(c *trial) { c.kill(c.v.cmd.Process.Pid, syscall.SIGCONT) },
		shown: forTime(2 * time.Second),
	},
	{
		name: "a second service on the same socket", spares: true,
		do: func(c *trial) {
			second := c.command("--data-dir", filepath.Join(c.tmp, "other"), "--listen", "127.0.0.1:0")
			require.Error(c.t, second.Run())
			require.Contains(c.t, second.Stderr.(*logBuffer).String(), "another interplexer serves")
		},
	},
	{
		name: "Postgres SIGKILL, restart", setUp: (*trial).onPostgres, within: 10 * time.Second,
		do:    func(c *trial) { c.postgres.Signal(syscall.SIGKILL) },
		undo:  func(c *trial) { c.postgres.Restart() },
		shown: func(c *trial) bool { return c.saw("create", "503 unavailable") },
	},
	{
		name: "Postgres SIGSTOP, SIGCONT", setUp: (*trial).onPostgres, within: 10 * time.Second,
		do:    func(c *trial) { c.postgres.Signal(syscall.SIGSTOP) },
		undo:  func(c *trial) { c.postgres.Signal(syscall.SIGCONT) },
		shown: func(c *trial) bool { return c.saw("create", "503 unavailable") },
	},
}

func serverDies(name string, signal syscall.Signal) fault {
	return fault{
		name: name, fate: "lost",
		do:   func(c *trial) { c.kill(c.before.tmux, signal) },
		over: func(c *trial) bool { return c.renewed(true, true) },
	}
}

// forTime is for faults of which nothing may be felt, and which last so long.
func forTime(d time.Duration) func(*trial) bool {
	return func(c *trial) bool { return time.Since(c.did) >= d }
}

// degraded is seen in time, by readyz and the metrics, and what is asked then is
// refused at once.
func degraded(c *trial) bool {
	c.mu.Lock()
	broken := c.broken
	c.mu.Unlock()
	if !broken.IsZero() {
		assert.Less(c.t, broken.Sub(c.did), 3*time.Second, "two, and what this machine is late")
	}
	return c.saw("ready", "503 not-ready degraded") && c.saw("state", "200 degraded") &&
		c.saw("type", "503 unavailable") && c.saw("create", "503 unavailable")
}

func (c *trial) detach(pid int) {
	c.t.Helper()
	for line := range strings.Lines(c.tmux("list-clients", "-F", "#{client_pid} #{client_name}")) {
		if at, name, _ := strings.Cut(strings.TrimSpace(line), " "); at == fmt.Sprint(pid) {
			c.tmux("detach-client", "-t", name)
			return
		}
	}
	c.t.Fatalf("no client %d", pid)
}

func (c *trial) killAnchor(pid int) {
	c.t.Helper()
	for line := range strings.Lines(c.tmux("list-clients", "-F", "#{client_pid} #{session_id}")) {
		if at, id, _ := strings.Cut(strings.TrimSpace(line), " "); at == fmt.Sprint(pid) {
			c.tmux("kill-session", "-t", id)
			return
		}
	}
	c.t.Fatalf("no client %d", pid)
}

// reached: whoever comes by the socket reaches the tmux server of before.
func (c *trial) reached() bool {
	out, err := c.tmuxCommand("-N", "display-message", "-p", "#{pid}").Output()
	return err == nil && strings.TrimSpace(string(out)) == fmt.Sprint(c.before.tmux)
}

// removeFolder removes the folder of tmux's socket, in which files are made all the
// time.
func (c *trial) removeFolder() {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		return os.RemoveAll(filepath.Dir(c.before.socket)) == nil
	}, patience, tick)
}

// usurp starts another tmux server on the socket.
func (c *trial) usurp() {
	c.t.Helper()
	theirs := c.before.tmux
	for theirs == c.before.tmux { // until it is there before ours is back
		require.NoError(c.t, os.Remove(c.before.socket))
		theirs = c.number("-f", "/dev/null", "new-session", "-d", "-P", "-F", "#{pid}", "-s", "theirs", "cat")
		if theirs == c.before.tmux {
			c.tmux("kill-session", "-t", "=theirs:")
		}
	}
	c.t.Cleanup(func() { _ = syscall.Kill(theirs, syscall.SIGKILL) }) // nobody reaches it
}

// limit sets a soft limit of a process, as who owns it: not every root may.
func (c *trial) limit(pid int, what string, n int) {
	c.t.Helper()
	cmd := exec.Command("prlimit", "--pid", strconv.Itoa(pid), fmt.Sprintf("--%s=%d:", what, n))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: c.as}
	out, err := cmd.CombinedOutput()
	require.NoErrorf(c.t, err, "%s", out)
}

// descriptors is how many a process has open.
func (c *trial) descriptors(pid int) int {
	c.t.Helper()
	all, err := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	require.NoError(c.t, err)
	return len(all)
}

// temporary is the service's folder for temporary files.
func (c *trial) temporary() string { return filepath.Join(c.tmp, "tmp") }

// wrap puts a program before tmux that counts its starts, and refuses to start
// tmux while told so.
func (c *trial) wrap() {
	c.t.Helper()
	tmux, err := exec.LookPath("tmux")
	require.NoError(c.t, err)
	script := fmt.Sprintf("#!/bin/sh\necho >> %[1]s\n[ -e %[1]s.refuse ] && exit 1\nexec %[2]s \"$@\"\n", c.starts, tmux)
	require.NoError(c.t, os.WriteFile(c.starts+".script", []byte(script), 0o700))
	c.install(c.starts+".script", c.starts+".tmux")
	c.args = append(c.args, "--tmux", c.starts+".tmux")
}

// install copies a program by another process: one that we had open for writing
// ourselves, a child of another trial might still hold, and then it does not run.
func (c *trial) install(from, to string) {
	c.t.Helper()
	out, err := exec.Command("cp", from, to).CombinedOutput()
	require.NoErrorf(c.t, err, "%s", out)
}

// noBusyLoop ends the refusals and looks at how often tmux was started: each
// attempt takes a look and a dial, and waits longer than the last.
func (c *trial) noBusyLoop() {
	c.t.Helper()
	starts, err := os.ReadFile(c.starts)
	require.NoError(c.t, err)
	require.Greater(c.t, len(starts), 4)
	require.Less(c.t, len(starts), 40, "starts in three seconds")
	require.NoError(c.t, os.Remove(c.starts+".refuse"))
}

// unprivileged runs the service as somebody who has no other process, whom the
// kernel holds to a limit of processes; root it does not.
func (c *trial) unprivileged() {
	c.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const nobodyElse = 61_234
	c.as = &syscall.Credential{Uid: nobodyElse, Gid: nobodyElse}
	program, err := exec.LookPath("interplexer")
	require.NoError(c.t, err)
	c.program = filepath.Join(c.tmp, "interplexer")
	c.install(program, c.program)
	require.NoError(c.t, filepath.WalkDir(c.tmp, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, nobodyElse, nobodyElse)
	}))
}

// onPostgres puts the store on a Postgres of the trial's own.
func (c *trial) onPostgres() {
	c.t.Helper()
	c.postgres = dbtest.NewServer(c.t)
	c.url = c.postgres.URL()
	c.env = append(c.env, "INTERPLEXER_DATABASE_URL="+c.url)
	c.cli("user", "add", "root", "--admin")
	c.token = c.cli("token", "create", "--user", "root")
}
