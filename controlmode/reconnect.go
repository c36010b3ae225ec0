package controlmode

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"interplexer/controlmode/internal/ptyprocess"
	"interplexer/controlmode/internal/wire"
)

// connectFirst dials until it succeeds, or until a failure counts as final (see
// Start).
func (s *Server) connectFirst(ctx context.Context) (*Conn, ServerID, error) {
	giveUp := time.Now().Add(startTimeout)
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
			continue // connect has waited already
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

// connect dials, sets the tmux server up and deletes the buffers that a dead process
// left.
func (s *Server) connect(ctx context.Context) (*Conn, ServerID, error) {
	opts := s.opts.Conn
	opts.OnNotification = s.handleNotification
	conn, id, err := s.dial(ctx, false, opts)
	if err != nil {
		return nil, ServerID{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	_, err = conn.run(ctx, s.setup(), setupCommands)
	if err == nil {
		err = conn.deleteStaleBuffers(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, ServerID{}, err
	}
	return conn, id, nil
}

// dial dials while no other connection changes anything and none is dialed. A watcher
// looks after the new connection until it ends.
func (s *Server) dial(ctx context.Context, noStart bool, opts ConnOptions) (*Conn, ServerID, error) {
	opts.gate = &s.gate
	quiet, cancel := context.WithTimeout(ctx, gateTimeout)
	defer cancel()
	open := s.gate.shut(quiet)
	defer open()
	if err := s.awaitDeadClients(ctx); err != nil {
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
		socket := socketAt(id.Socket) // the dial has just gone through it
		s.watchers.Go(func() { s.watch(conn, id, socket) })
	}
	return conn, id, err
}

// setupCommands is the number of commands in setup.
const setupCommands = 6

// setup is the command line that makes a tmux server fit to be shared, whatever its
// configuration says.
func (s *Server) setup() *wire.Command {
	limit := s.opts.HistoryLimit
	if limit == 0 {
		limit = 2000
	}
	// tmux's log of commands would keep everything that is typed, secrets included.
	c := wire.NewCommand("set-option -s message-limit 0")
	c.Then("set-option -g history-limit").Number(limit)
	// A notification while a client identifies itself can crash tmux, so there should
	// be few.
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

// redial dials until it succeeds or ctx is done. It waits longer each time.
func (s *Server) redial(ctx context.Context) (*Conn, ServerID, error) {
	var refusedSince time.Time // by a tmux server that is ending; zero: it has not refused
	for backoff := minBackoff; ; backoff = min(2*backoff, maxBackoff) {
		if err := backOff(ctx, backoff); err != nil {
			return nil, ServerID{}, err
		}
		conn, id, err := s.connect(ctx)
		if err == nil {
			return conn, id, nil
		}
		s.log.Error("tmux dial failed", "error", err)
		switch {
		case !errors.Is(err, errServerLost):
			refusedSince = time.Time{}
		case refusedSince.IsZero():
			refusedSince = time.Now()
		case time.Since(refusedSince) >= endingTimeout:
			s.killEnding()
		}
	}
}

// killEnding kills the last tmux server if it still has the socket, though it refuses
// clients. tmux (to 3.5a at least) never ends when it has handled a new-session after
// SIGTERM: it waits for that session's end, and hangs up on everybody until then. So
// nobody can reach its sessions any more, and no other server can start.
func (s *Server) killEnding() {
	s.mu.Lock()
	last := s.id
	s.mu.Unlock()
	if last.PID <= 1 || ptyprocess.ListenerPID(last.Socket) != last.PID {
		return
	}
	s.log.Warn("the tmux server is ending and does not end: it is killed", "server", last.String())
	_ = syscall.Kill(last.PID, syscall.SIGKILL)
}

// backOff waits for about that long, or until ctx is done, and returns ctx's error.
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

// publish makes a connection the current one and wakes everyone who waits for one.
func (s *Server) publish(conn *Conn, id ServerID) {
	s.mu.Lock()
	s.conn, s.id, s.version, s.unresponsive = conn, id, conn.version, false
	s.connects++
	close(s.change)
	s.change = make(chan struct{})
	s.mu.Unlock()
	s.handleNotification(Connected{Server: id})
}

// unpublish records that there is no connection, and with closed that there will be
// none.
func (s *Server) unpublish(closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.conn, s.unresponsive, s.closed = nil, false, closed
	s.changes.Add(1)
	close(s.change)
	s.change = make(chan struct{})
}
