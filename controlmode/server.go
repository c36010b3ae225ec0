package controlmode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode/handover"
)

// Errors of a Server's commands, besides those of Client.
var (
	// ErrDown: there is no connection to tmux at the moment, or tmux does not answer
	// on it. Nothing was sent.
	ErrDown = errors.New("controlmode: tmux is not connected")
	// ErrServerGone: the tmux server that the command was meant for is not the one
	// that runs now. Nothing was sent.
	ErrServerGone = errors.New("controlmode: that tmux server is gone")
	// ErrClosed: the Server was closed.
	ErrClosed = errors.New("controlmode: server closed")
)

// ServerOptions say which tmux server to serve. The zero value is the one that the
// user's own `tmux` would use, so name a socket.
type ServerOptions struct {
	Binary       string       // default "tmux", looked up in $PATH
	SocketName   string       // tmux -L, default "default"
	ConfigFile   string       // read when the tmux server is started; default none
	HistoryLimit int          // lines that new windows keep; 0: tmux's 2,000
	Env          []string     // of a tmux server that is started; nil: CleanEnv(os.Environ())
	Conn         ConnOptions  // OnNotification is not used: see Subscribe
	Logger       *slog.Logger // nil: no logging
}

// Server keeps one control connection to one tmux server. When the client dies, the
// Server dials again. When the tmux server died, that starts a new one, with a new
// ServerID. Its methods are safe for concurrent use.
//
// It sets tmux up to be shared. tmux keeps no log of messages, which would hold all
// that is typed. It renames no window by itself. No session ends, and tmux does not
// end, for want of a client. New sessions take no variables from the environments of
// clients.
type Server struct {
	opts ServerOptions
	log  *slog.Logger
	lock *os.File
	subs subscriptions
	gate gate
	bulk bulk

	changes atomic.Uint64 // see Changes

	baseCtx  context.Context    // done when Close is called
	cancel   context.CancelFunc // ends baseCtx
	stopped  chan struct{}      // closed when supervise has returned
	watchers sync.WaitGroup     // one for each connection that is up, and deleteLeftovers

	mu           sync.Mutex    // guards the fields below
	conn         *Conn         // nil while there is none
	id           ServerID      // of conn, or of the last one
	version      Version       // of the same
	change       chan struct{} // closed, and replaced, when one of the fields above changes
	unresponsive bool          // tmux has owed conn an answer for too long
	leftovers    []string      // buffers to be deleted when tmux answers
	closed       bool
	connects     int            // connections made so far
	dialed       map[*Conn]bool // connections that may be up
}

// NewServer prepares a Server. Start connects it.
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
	s := &Server{opts: o, log: o.Logger, change: make(chan struct{}), stopped: make(chan struct{}), dialed: map[*Conn]bool{}, bulk: bulk{connLock: make(chan struct{}, 1), mayType: map[string]time.Time{}}}
	s.baseCtx, s.cancel = context.WithCancel(context.Background())
	return s
}

// Start takes the socket's lock, checks tmux's version, starts the tmux server if it
// does not run, and connects. It blocks until that is done or has failed: with
// ErrLocked, with ErrTmuxNotFound, with a *VersionError, with ErrDown when a tmux
// server runs and does not answer for half a minute, or with tmux's own message after
// three tries. Call it once. After a nil return, call Close when done.
func (s *Server) Start(ctx context.Context) error {
	if err := checkBinary(ctx, s.opts.Binary, s.opts.Env); err != nil {
		return err
	}
	lock, err := lockSocket(socketDir(s.opts.Env), s.opts.SocketName)
	if err != nil {
		return err
	}
	setCloseOnExec()
	if err := handover.Sweep(socketDir(s.opts.Env)); err != nil {
		s.log.Warn("cannot remove the files that a killed process left", "error", err)
	}
	conn, id, err := s.connectFirst(ctx)
	if err != nil {
		lock.Close()
		return err
	}
	s.lock = lock
	s.publish(conn, id)
	go s.supervise(s.baseCtx, conn)
	return nil
}

// Close ends the connection and gives up the lock. The tmux server and its sessions
// live on, and so does a Hub until it is closed itself. Commands in flight that
// change something fail with ErrUnknownOutcome, all others with ErrClosed. Loops over
// Subscriptions end. Close takes about a second at most, may be called again, and
// does nothing to a Server that has not been started.
func (s *Server) Close() error {
	s.cancel()
	if s.lock == nil {
		return nil
	}
	<-s.stopped
	s.bulk.connLock <- struct{}{}
	s.bulk.close()
	<-s.bulk.connLock
	s.watchers.Wait()
	if err := s.lock.Close(); !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}

// checkBinary runs tmux -V, and refuses a tmux that is too old.
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

// Current names the tmux server that is connected now. It waits for a connection, two
// seconds at most, and fails with ErrDown, ErrClosed or ctx's error.
func (s *Server) Current(ctx context.Context) (ServerID, error) {
	_, id, err := s.connected(ctx)
	return id, err
}

// Connects is the number of connections made so far, without those of Hubs.
func (s *Server) Connects() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.connects
}

// connected waits for a connection, connectTimeout at most.
func (s *Server) connected(ctx context.Context) (*Conn, ServerID, error) {
	var timeout <-chan time.Time
	for {
		s.mu.Lock()
		conn, id, change, silent, closed := s.conn, s.id, s.change, s.unresponsive, s.closed
		s.mu.Unlock()
		switch {
		case conn != nil && !silent:
			return conn, id, nil
		case closed:
			return nil, ServerID{}, ErrClosed
		case timeout == nil:
			timer := time.NewTimer(connectTimeout)
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
