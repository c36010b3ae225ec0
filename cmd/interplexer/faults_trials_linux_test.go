package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/cmd/interplexer/faults"
	"interplexer/db/dbtest"
)

// trialCase is a fault of the catalogue, and what TestFaults expects of it besides
// the fault's documented effect.
type trialCase struct {
	faults.Fault
	// felt is true when the fault has its effect. The trial waits for that before it
	// undoes the fault. nil: it does not wait.
	felt func(*trial) bool
	// check checks the effect before the fault is undone.
	check func(*trial)
	// recovered is true when the service has repaired the damage; by default when it
	// has replaced the control clients of the effect.
	recovered func(*trial) bool
	within    time.Duration // until everything works again; 0: 5 s
	leaves    string        // what the fault leaves behind, for the table
}

var trialCases = []trialCase{
	{Fault: faults.CommandClientKilled},
	{Fault: faults.CommandClientStopped, felt: forTime(time.Second)},
	{Fault: faults.HubKilled},
	{Fault: faults.HubStopped, felt: forTime(time.Second)},
	{Fault: faults.ClientsKilled},
	{Fault: faults.CommandQueueStuck, felt: logs("tmux answers, but not its control client"), within: 10 * time.Second},
	{Fault: faults.CommandClientDetached},
	{Fault: faults.HubDetached},
	{Fault: faults.CommandClientSessionKilled},
	{Fault: faults.HubSessionKilled},

	{Fault: faults.TmuxKilled},
	{Fault: faults.TmuxTerminated},
	{Fault: faults.TmuxCrashed},
	{Fault: faults.TmuxKillServer},
	{Fault: faults.TmuxStopped, felt: degraded},
	{
		Fault: faults.CommandClientKilledTmuxStopped, felt: responds("ready", "503 not-ready down"),
		// The service may also replace a hub that wakes late.
		recovered: func(c *trial) bool { return c.replaced(faults.CommandClient) || c.replaced(faults.BothClients) },
		within:    15 * time.Second, // an attach may take ten
	},
	{Fault: faults.SocketRemoved, recovered: (*trial).socketIsBack},
	{Fault: faults.SocketFolderRemoved, recovered: (*trial).socketIsBack},
	{Fault: faults.SocketTaken, recovered: (*trial).socketIsBack, leaves: "their server"},
	{Fault: faults.TmuxNoDescriptors, felt: responds("create", "503 no-resources")},
	{Fault: faults.TmuxCannotFork, felt: responds("create", "503 no-resources")},
	{Fault: faults.TmuxClientsExit, felt: forTime(3 * time.Second), check: (*trial).noBusyLoop},
	{Fault: faults.TmuxProgramRemoved, felt: logs("tmux dial failed")},

	{Fault: faults.ProgramExits},
	{Fault: faults.SessionKilled},
	{Fault: faults.PaneKilled},
	{Fault: faults.WindowKilled},
	{Fault: faults.SessionRenamed},

	{Fault: faults.ServiceKilled, within: 10 * time.Second},
	{Fault: faults.ServiceStopped, felt: forTime(2 * time.Second)},
	{Fault: faults.ServiceNoDescriptors, felt: logs("too many open files")},
	{Fault: faults.SecondService},
	{Fault: faults.TempFolderGone},

	{Fault: faults.PostgresKilled, felt: responds("create", "503 unavailable"), within: 10 * time.Second},
	{Fault: faults.PostgresStopped, felt: responds("create", "503 unavailable"), within: 10 * time.Second},
}

// onlyChaos are the faults that scripts/chaos alone makes: two at the same time, which
// need load to show more than each of them does, and a flood of output.
var onlyChaos = []faults.Fault{
	faults.ClientsKilledTmuxStopped, faults.ServiceKilledTmuxStopped, faults.ServiceRestarted,
	faults.TmuxAndServiceKilled, faults.TmuxAndPostgresKilled, faults.PanesFlood,
}

// forTime waits for a time after the fault, of which clients may not see anything.
func forTime(d time.Duration) func(*trial) bool {
	return func(c *trial) bool { return time.Since(c.injected) >= d }
}

// logs waits for a text in the service's log.
func logs(text string) func(*trial) bool {
	return func(c *trial) bool { return strings.Contains(c.v.log.String(), text) }
}

// responds waits until a client gets a response.
func responds(client, response string) func(*trial) bool {
	return func(c *trial) bool { return c.saw(client, response) }
}

// degraded checks that readyz and the metrics report a stopped tmux server within 3
// s, and that requests are refused at once from then on.
func degraded(c *trial) bool {
	c.mu.Lock()
	noticed := c.noticed
	c.mu.Unlock()
	if !noticed.IsZero() {
		assert.Less(c.t, noticed.Sub(c.injected), 3*time.Second, "two, and one for a slow machine")
	}
	return c.saw("ready", "503 not-ready degraded") && c.saw("state", "200 degraded") &&
		c.saw("type", "503 unavailable") && c.saw("create", "503 unavailable")
}

// socketIsBack reports whether the socket leads to the tmux server of before.
func (c *trial) socketIsBack() bool {
	out, err := c.tmuxCommand("-N", "display-message", "-p", "#{pid}").Output()
	return err == nil && strings.TrimSpace(string(out)) == fmt.Sprint(c.before.tmux)
}

// noBusyLoop checks how often the service has started tmux while every start failed:
// each attempt takes two starts, and the next one waits for longer.
func (c *trial) noBusyLoop() {
	c.t.Helper()
	starts, err := os.ReadFile(c.wrapper.Starts)
	require.NoError(c.t, err)
	require.Greater(c.t, len(starts), 4)
	require.Less(c.t, len(starts), 40, "starts in three seconds")
}

// setUp prepares the site for a fault, before the service starts.
func (c *trial) setUp() {
	c.t.Helper()
	switch c.Needs {
	case faults.NeedsWrapper:
		var err error
		c.wrapper, err = faults.NewWrapper(c.tmp)
		require.NoError(c.t, err)
		c.args = append(c.args, "--tmux", c.wrapper.Program)
	case faults.NeedsAccount:
		c.useAccount()
	case faults.NeedsPostgres:
		c.postgres = dbtest.NewServer(c.t)
		c.url = c.postgres.URL()
		c.env = append(c.env, "INTERPLEXER_DATABASE_URL="+c.url)
		c.cli("user", "add", "root", "--admin")
		c.token = c.cli("token", "create", "--user", "root")
	}
}

// useAccount runs the service as an OS user who has no other process. The kernel
// applies a limit of processes to that user, but not to root.
func (c *trial) useAccount() {
	c.t.Helper()
	if os.Geteuid() != 0 {
		return
	}
	const unusedID = 61_234
	c.as = &syscall.Credential{Uid: unusedID, Gid: unusedID}
	program, err := exec.LookPath("interplexer")
	require.NoError(c.t, err)
	c.program = filepath.Join(c.tmp, "interplexer")
	require.NoError(c.t, faults.CopyProgram(program, c.program))
	require.NoError(c.t, filepath.WalkDir(c.tmp, func(path string, _ os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chown(path, unusedID, unusedID)
	}))
}

// system describes what the fault acts on.
func (c *trial) system() *faults.System {
	s := &faults.System{
		Service:    trialService{c},
		Clients:    func() (command, hub []int, err error) { return []int{c.before.command}, []int{c.before.hub}, nil },
		TmuxServer: func() (int, error) { return c.before.tmux, nil },
		Tmux:       c.tmuxOutput,
		Session:    func() (faults.Session, error) { return faults.Session{Target: "=session-1:", PID: c.pane}, nil },
		Wrapper:    c.wrapper,
		Account:    c.as,
		Socket:     c.before.socket,
		TempFolder: c.tempFolder(),
		Cleanup:    c.t.Cleanup,
	}
	if c.postgres != nil {
		s.Postgres = trialPostgres{c.postgres}
	}
	return s
}

// tmuxOutput runs the real tmux, and returns its output.
func (c *trial) tmuxOutput(args ...string) (string, error) {
	out, err := c.tmuxCommand(args...).CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("tmux %q: %w: %s", args, err, out)
	}
	return strings.TrimSpace(string(out)), nil
}

// trialService is the service of a trial, for faults.
type trialService struct{ c *trial }

func (s trialService) PID() int { return s.c.v.cmd.Process.Pid }

func (s trialService) Kill() { s.c.v.kill() }

func (s trialService) Stop() error { s.c.v.stop(); return nil }

func (s trialService) Start() error { s.c.v = s.c.start(s.c.args...); return nil }

// Second checks that the service names the reason of its refusal.
func (s trialService) Second() error {
	second := s.c.command("--data-dir", filepath.Join(s.c.tmp, "other"), "--listen", "127.0.0.1:0")
	if err := second.Run(); err == nil {
		return errors.New("a second service has run")
	}
	if log := second.Stderr.(*logBuffer).String(); !strings.Contains(log, "another interplexer serves") {
		return fmt.Errorf("a second service did not say why it exits: %s", log)
	}
	return nil
}

// trialPostgres is the Postgres of a trial, for faults. Its methods fail the test.
type trialPostgres struct{ *dbtest.Server }

func (p trialPostgres) Signal(what syscall.Signal) error { p.Server.Signal(what); return nil }

func (p trialPostgres) Kill() error { p.Server.Signal(syscall.SIGKILL); return nil }

func (p trialPostgres) Start() error { p.Restart(); return nil }
