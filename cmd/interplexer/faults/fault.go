// Package faults is the catalogue of the ways to break a running service, or what
// it depends on: its control clients, the tmux server, sessions, Postgres, files.
// TestFaults makes each fault once, and checks the documented effect. scripts/chaos
// makes them at random, under load. Both describe their service as a System.
package faults

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Fault is one way to break the service.
type Fault struct {
	Name   string
	Needs  Need
	Effect Effect
	// Inject makes the fault, and returns when it is made. undo ends it; nil means
	// that the service repairs the damage by itself. undo must be called when it is
	// not nil, also after an error, or processes stay stopped. An error that
	// contains ESRCH says that a process had exited before the signal came.
	Inject func(*System) (undo func() error, err error)
}

// All has every fault of the catalogue.
var All = []Fault{
	CommandClientKilled, CommandClientStopped, HubKilled, HubStopped, ClientsKilled,
	CommandQueueStuck, CommandClientDetached, HubDetached, CommandClientSessionKilled,
	HubSessionKilled, ClientsKilledTmuxStopped, CommandClientKilledTmuxStopped,

	TmuxKilled, TmuxTerminated, TmuxCrashed, TmuxKillServer, TmuxStopped, SocketRemoved,
	SocketFolderRemoved, SocketTaken, TmuxNoDescriptors, TmuxCannotFork, TmuxClientsExit,
	TmuxProgramRemoved,

	ProgramExits, SessionKilled, PaneKilled, WindowKilled, SessionRenamed, PanesFlood,

	ServiceKilled, ServiceStopped, ServiceRestarted, ServiceKilledTmuxStopped,
	TmuxAndServiceKilled, ServiceNoDescriptors, SecondService, TempFolderGone,

	PostgresKilled, PostgresStopped, TmuxAndPostgresKilled,
}

// Need is a property that a System must have for a fault.
type Need int

const (
	NeedsNothing  Need = iota
	NeedsPostgres      // System.Postgres is set
	NeedsWrapper       // System.Wrapper is the tmux of the service
	NeedsAccount       // the service runs as an OS user who has no other process
	NeedsFlooders      // System.Flooders is set
)

// Effect is the documented effect of a fault on clients, from the injection until
// the service has recovered.
type Effect struct {
	// Hidden says that clients do not see the fault: requests succeed as before,
	// except for requests about sessions that it ends.
	Hidden bool
	// Severs says that connections to the service may break, because its process
	// ends.
	Severs bool
	// Ends says which sessions end, and with which status.
	Ends Ending
	// Replaces are the control clients that the service replaces.
	Replaces ClientKind
}

// Ending says which sessions a fault ends.
type Ending int

const (
	EndsNothing Ending = iota
	EndsSession        // one session, which becomes "exited"
	EndsAll            // all sessions of the tmux server, which become "lost"
)

// Status returns the status of a session of before, once the service has recovered.
func (e Ending) Status() string { return [...]string{"running", "exited", "lost"}[e] }

// ClientKind is a set of the service's control clients.
type ClientKind int

const (
	CommandClient ClientKind = 1 << iota // runs the commands
	HubClient                            // receives the output
	BothClients   = CommandClient | HubClient
)

// Transient are the responses that a client may get while a fault lasts, unless the
// fault is hidden. Each is a status, a kind of problem and, of not-ready, the state
// of tmux.
var Transient = []string{
	"503 unavailable", "503 unknown-outcome", "503 overloaded", "503 no-resources", "503 not-reading", "504 timeout",
	"503 not-ready connected", "503 not-ready degraded", "503 not-ready down",
}

// Ended are the responses about a session that has ended.
var Ended = []string{"409 ended", "410 gone", "409 pane-dead", "404 not-found"}

// Allows reports whether a client may get a response, which is written as in
// Transient, besides success.
func (e Effect) Allows(response string) bool {
	return !e.Hidden && slices.Contains(Transient, response) || e.Ends != EndsNothing && slices.Contains(Ended, response)
}

// System is a running service and what it depends on.
type System struct {
	Service    Service
	Postgres   Postgres                                     // nil: the store is SQLite
	Clients    func() (command, hub []int, err error)       // the processes of the control clients
	TmuxServer func() (pid int, err error)                  // the process of the tmux server
	Tmux       func(args ...string) (out string, err error) // runs tmux on the socket of the service
	Session    func() (Session, error)                      // chooses a session for a fault
	Flooders   func() ([]int, error)                        // chooses programs of sessions that flood their panes when they get SIGUSR1
	Wrapper    *Wrapper
	Account    *syscall.Credential // of the service and of tmux; nil: the one of this process
	Socket     string              // the path of tmux's socket
	TempFolder string              // of the service
	Cleanup    func(func())        // calls a function when the system is taken down
}

// Service is a process of the service.
type Service interface {
	PID() int
	Kill()         // with SIGKILL, and waits
	Stop() error   // with SIGTERM, and waits
	Start() error  // starts it again, on the same address and store
	Second() error // starts another service on the same tmux socket; returns nil when it has been refused
}

// Postgres is a Postgres server.
type Postgres interface {
	Signal(syscall.Signal) error // to all processes of the server
	Kill() error
	Start() error
}

// Session is a session that a fault breaks.
type Session struct {
	Target string // for tmux -t
	PID    int    // of its program
}

// ErrNoSession reports that the session is not in tmux.
var ErrNoSession = errors.New("faults: there is no such session")

// waitTime bounds the waits for the effect of a signal or a command.
const waitTime = 30 * time.Second

// waitUntil waits until done returns true.
func waitUntil(done func() bool) error {
	for start := time.Now(); !done(); time.Sleep(time.Millisecond) {
		if time.Since(start) > waitTime {
			return fmt.Errorf("faults: nothing happened within %s", waitTime)
		}
	}
	return nil
}

// Alive reports whether a process is there. A zombie is not.
func Alive(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return false
	}
	end := strings.LastIndexByte(string(stat), ')')
	return !strings.HasPrefix(string(stat[end+1:]), " Z")
}

// signal sends a signal to all processes, also after an error.
func signal(what syscall.Signal, pids ...int) error {
	var all error
	for _, pid := range pids {
		if err := syscall.Kill(pid, what); err != nil {
			all = errors.Join(all, fmt.Errorf("faults: %s to %d: %w", what, pid, err))
		}
	}
	return all
}

// stop stops processes until undo is called.
func stop(pids ...int) (undo func() error, err error) {
	return func() error { return signal(syscall.SIGCONT, pids...) }, signal(syscall.SIGSTOP, pids...)
}

// inject is the type of Fault.Inject.
type inject = func(*System) (undo func() error, err error)

// inTurn makes faults one after the other, and undoes them in reverse.
func inTurn(all ...inject) inject {
	return func(s *System) (func() error, error) {
		var undos []func() error
		undo := func() error {
			var err error
			for _, one := range slices.Backward(undos) {
				err = errors.Join(err, one())
			}
			return err
		}
		for _, one := range all {
			u, err := one(s)
			if u != nil {
				undos = append(undos, u)
			}
			if err != nil {
				return undo, err
			}
		}
		return undo, nil
	}
}

// alone makes a fault without undo.
func alone(do func(*System) error) inject {
	return func(s *System) (func() error, error) { return nil, do(s) }
}
