package controlmode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode/handover"
	"interplexer/controlmode/internal/wire"
)

// Errors of a Server's commands, besides those of Client.
var (
	// ErrDown: there is no connection to tmux just now, or tmux does not
	// answer on it; nothing was sent.
	ErrDown = errors.New("controlmode: tmux is not connected")
	// ErrServerGone: the tmux server that the command was meant for is not
	// the one that runs now; nothing was sent.
	ErrServerGone = errors.New("controlmode: that tmux server is gone")
	// ErrClosed: the Server was closed.
	ErrClosed = errors.New("controlmode: server closed")
)

const (
	// redialWait is how long a command waits for a connection.
	redialWait = 2 * time.Second
	// minBackoff lets a dead client's traces settle in the tmux server before
	// the next one identifies itself (see Dial).
	minBackoff = 20 * time.Millisecond
	maxBackoff = 2 * time.Second
)

// ServerOptions say which tmux server to serve; the zero value is the one that
// the user's own `tmux` would use, so name a socket.
type ServerOptions struct {
	Binary       string       // default "tmux", looked up in $PATH
	SocketName   string       // tmux -L, default "default"
	ConfigFile   string       // read when the tmux server is started; default none
	HistoryLimit int          // lines that new windows keep; 0: tmux's 2,000
	Env          []string     // of a tmux server that is started; nil: CleanEnv(os.Environ())
	Conn         ConnOptions  // its OnNotification is not used: see Subscribe
	Logger       *slog.Logger // nil: no logging
}

// Server keeps one control connection to one tmux server. When the client
// dies it redials; when the tmux server died, that starts a new one, with a new
// ServerID. Its methods are safe for concurrent use.
//
// It sets tmux up to be shared: no log of messages, which would hold what is
// typed, no automatic renaming, no end of sessions or of tmux for want of a
// client, no variables from the clients' environments.
type Server struct {
	opts ServerOptions
	log  *slog.Logger
	lock *os.File
	subs subscriptions
	gate gate
	bulk bulk

	changes atomic.Uint64 // see Changes

	life    context.Context // until Close
	end     context.CancelFunc
	stopped chan struct{}  // closed when supervise has returned
	watches sync.WaitGroup // of the connections that are up

	mu      sync.Mutex // guards what follows
	conn    *Conn      // nil while there is none
	id      ServerID   // of conn, or of the last one
	version Version    // of the same
	change  chan struct{}
	silent  bool     // tmux owes conn an answer for too long
	left    []string // buffers to be deleted when it answers
	closed  bool
	dials   int            // connections made so far
	dialed  map[*Conn]bool // those that may be up
}

// NewServer prepares a Server; Start connects it.
func NewServer(o ServerOptions) *Server {
	if o.Binary == "" {
		o.Binary = "tmux"
	}
	if o.SocketName == "" {
		o.SocketName = "default"
	}
	if o.Env == nil {
		o.Env = CleanEnv(os.Environ())
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Server{opts: o, log: o.Logger, change: make(chan struct{}), stopped: make(chan struct{}), dialed: map[*Conn]bool{}, bulk: bulk{turn: make(chan struct{}, 1), free: map[string]time.Time{}}}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// Start takes the socket's lock, checks tmux's version, starts the tmux server
// if it does not run, and connects. It blocks until that is done or has failed:
// with ErrLocked, ErrTmuxNotFound, a *VersionError, with ErrDown when a tmux
// server runs and does not answer for half a minute, or with what tmux said three
// times. It may be called once; after a nil return Close must be called.
func (s *Server) Start(ctx context.Context) error {
	if err := checkBinary(ctx, s.opts.Binary, s.opts.Env); err != nil {
		return err
	}
	lock, err := lockSocket(socketDir(s.opts.Env), s.opts.SocketName)
	if err != nil {
		return err
	}
	closeOnExec()
	if err := handover.Sweep(socketDir(s.opts.Env)); err != nil {
		s.log.Warn("what a killed process has left stays", "error", err)
	}
	conn, id, err := s.firstConnect(ctx)
	if err != nil {
		lock.Close()
		return err
	}
	s.lock = lock
	s.publish(conn, id)
	go s.supervise(s.life, conn)
	return nil
}

// startTime is how long Start waits for a tmux server that does not answer, as
// one that is stopped or overloaded has the sessions, and may go on; and for one
// that hangs up, as it may be ending.
const startTime = 30 * time.Second

// startTries is how often Start dials a tmux that fails it otherwise.
const startTries = 3

func (s *Server) firstConnect(ctx context.Context) (*Conn, ServerID, error) {
	giveUp := time.Now().Add(startTime)
	for tries := 1; ; {
		conn, id, err := s.connect(ctx)
		var version *VersionError
		switch {
		case err == nil || ctx.Err() != nil || errors.As(err, &version):
			return conn, id, err
		case errors.Is(err, ErrDown):
			if time.Now().After(giveUp) {
				return nil, ServerID{}, err
			}
			s.log.Warn("tmux does not answer yet", "error", err)
			continue // it has waited
		case errors.Is(err, errServerLost):
			if time.Now().After(giveUp) {
				return nil, ServerID{}, fmt.Errorf("%w: it crashes, or it is ending and waits for a client of its own that hangs", err)
			}
		case tries == startTries:
			return nil, ServerID{}, err
		}
		s.log.Warn("tmux dial failed", "error", err)
		if err := backOff(ctx, time.Duration(tries)*minBackoff); err != nil {
			return nil, ServerID{}, err
		}
		tries++
	}
}

// Close ends the connection and gives up the lock. The tmux server and its
// sessions live on, and so does a Hub until it is closed itself. Commands in
// flight that change something fail with ErrUnknownOutcome, all others with
// ErrClosed; loops over Subscriptions end. It takes about a second at most, may
// be called again, and leaves alone a Server that has not been started.
func (s *Server) Close() error {
	s.end()
	if s.lock == nil {
		return nil
	}
	<-s.stopped
	s.bulk.turn <- struct{}{}
	s.bulk.close()
	<-s.bulk.turn
	s.watches.Wait()
	if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// checkBinary runs tmux -V.
func checkBinary(ctx context.Context, binary string, environ []string) error {
	cmd := exec.CommandContext(ctx, binary, "-V")
	cmd.Env = environ
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrNotFound) || errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: %s", ErrTmuxNotFound, binary)
	}
	if err != nil {
		return fmt.Errorf("controlmode: run %s -V: %w", binary, err)
	}
	version, err := ParseVersion(string(out))
	if err != nil {
		return err
	}
	return version.check()
}

// connect dials and sets the tmux server up.
func (s *Server) connect(ctx context.Context) (*Conn, ServerID, error) {
	opts := s.opts.Conn
	opts.OnNotification = s.tell
	conn, id, err := s.dial(ctx, false, opts)
	if err != nil {
		return nil, ServerID{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attachTime)
	defer cancel()
	_, err = conn.run(ctx, s.setup(), setupCommands)
	if err == nil {
		err = conn.dropStale(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, ServerID{}, err
	}
	return conn, id, nil
}

// quietTime is how long a dial waits for the commands in flight.
const quietTime = time.Second

// dial dials while no other connection changes anything, and no other is
// dialed.
func (s *Server) dial(ctx context.Context, noStart bool, opts ConnOptions) (*Conn, ServerID, error) {
	opts.gate = &s.gate
	quiet, cancel := context.WithTimeout(ctx, quietTime)
	defer cancel()
	open := s.gate.shut(quiet)
	defer open()
	if err := s.settle(ctx); err != nil {
		return nil, ServerID{}, err
	}
	conn, id, err := Dial(ctx, DialOptions{
		Binary:     s.opts.Binary,
		SocketName: s.opts.SocketName,
		NoStart:    noStart,
		ConfigFile: s.opts.ConfigFile,
		Env:        s.opts.Env,
		Dir:        workingDir(s.opts.Env),
		Conn:       opts,
	})
	if err == nil {
		s.mu.Lock()
		s.dialed[conn] = true
		s.mu.Unlock()
		socket := socketAt(id.Socket) // through which we have just come
		s.watches.Go(func() { s.watch(conn, id, socket) })
	}
	return conn, id, err
}

// workingDir is the home folder if there is one, so that a tmux server never
// keeps the folder that we were started in busy.
func workingDir(environ []string) string {
	if info, err := os.Stat(lookupEnv(environ, "HOME")); err == nil && info.IsDir() {
		return lookupEnv(environ, "HOME")
	}
	return "/"
}

const setupCommands = 6

// setup is the command line that makes a tmux server fit to be shared through
// us, whatever its configuration says.
func (s *Server) setup() *wire.Command {
	limit := s.opts.HistoryLimit
	if limit == 0 {
		limit = 2000
	}
	// tmux's log of commands would keep what was typed, secrets included.
	c := wire.NewCommand("set-option -s message-limit 0")
	c.Then("set-option -g history-limit").Number(limit)
	// Notifications while a client identifies can crash tmux: make few.
	c.Then("set-option -gw automatic-rename off")
	// Sessions are detached for most of their life and must outlive that.
	c.Then("set-option -g destroy-unattached off")
	c.Then("set-option -s exit-unattached off")
	// A new session must not take variables from whichever client asked.
	c.Then("set-option -g update-environment ''")
	return c
}

// supervise replaces the connection whenever it ends, until ctx is done.
func (s *Server) supervise(ctx context.Context, conn *Conn) {
	defer close(s.stopped)
	for {
		select {
		case <-conn.Done():
			s.log.Warn("tmux connection lost", "error", conn.Err())
			s.unpublish(false)
		case <-ctx.Done():
			s.unpublish(true)
			conn.Close()
			return
		}
		next, id, err := s.redial(ctx)
		if err != nil {
			s.unpublish(true)
			return
		}
		conn = next
		s.publish(conn, id)
		s.log.Info("tmux connected", "server", id.String())
	}
}

// redial dials until it succeeds or ctx is done, waiting longer each time.
func (s *Server) redial(ctx context.Context) (*Conn, ServerID, error) {
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		if err := backOff(ctx, backoff); err != nil {
			return nil, ServerID{}, err
		}
		conn, id, err := s.connect(ctx)
		if err == nil {
			return conn, id, nil
		}
		s.log.Error("tmux dial failed", "error", err)
	}
}

// backOff waits for about as long as it is told, or for ctx, whose error it gives.
func backOff(ctx context.Context, about time.Duration) error {
	timer := time.NewTimer(about/2 + rand.N(about))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// publish makes a connection the current one and wakes those who wait for one.
func (s *Server) publish(conn *Conn, id ServerID) {
	s.mu.Lock()
	s.conn, s.id, s.version, s.silent = conn, id, conn.version, false
	s.dials++
	close(s.change)
	s.change = make(chan struct{})
	s.mu.Unlock()
	s.tell(Connected{Server: id})
}

// unpublish says that there is no connection, and with closed that there will
// be none.
func (s *Server) unpublish(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn, s.silent, s.closed = nil, false, closed
	s.changes.Add(1)
	close(s.change)
	s.change = make(chan struct{})
}

// Current names the tmux server that is connected now. It waits for a
// connection, two seconds at most, and fails with ErrDown, ErrClosed or ctx's
// error.
func (s *Server) Current(ctx context.Context) (ServerID, error) {
	_, id, err := s.connected(ctx)
	return id, err
}

// Connects is how many connections have been made so far, Hubs not counted.
func (s *Server) Connects() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dials
}

// connected waits for a connection.
func (s *Server) connected(ctx context.Context) (*Conn, ServerID, error) {
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		conn, id, change, silent, closed := s.conn, s.id, s.change, s.silent, s.closed
		s.mu.Unlock()
		switch {
		case conn != nil && !silent:
			return conn, id, nil
		case closed:
			return nil, ServerID{}, ErrClosed
		case timeout == nil:
			timer := time.NewTimer(redialWait)
			defer timer.Stop()
			timeout = timer.C
		}
		select {
		case <-change:
		case <-timeout:
			return nil, ServerID{}, ErrDown
		case <-ctx.Done():
			return nil, ServerID{}, ctx.Err()
		}
	}
}
