package controlmode

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// State is the state of a Server's connection to its tmux server.
type State int

const (
	// StateDown: there is no connection; one is being made.
	StateDown State = iota
	// StateDegraded: there is a connection, and tmux has not answered on it for a
	// second. New commands are not sent.
	StateDegraded
	// StateConnected: tmux answers.
	StateConnected
)

func (s State) String() string {
	switch s {
	case StateConnected:
		return "connected"
	case StateDegraded:
		return "degraded"
	}
	return "down"
}

// State returns the state of the connection.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.conn == nil:
		return StateDown
	case s.unresponsive:
		return StateDegraded
	}
	return StateConnected
}

// watch looks at a connection once a heartbeat for as long as it lives. When the
// connection is unresponsive, watch sends a one-shot client to tmux. If that gets an
// answer, the control client's queue is stuck: the client is killed, and so replaced.
// If not, tmux is stopped, stuck or starved, and nothing helps but to wait. The
// process of a control client cannot get stuck itself: it hands its terminal to the
// tmux server.
func (s *Server) watch(conn *Conn, id ServerID, socket socketFile) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var reads uint64
	missed, clientStuck := 0, false
	for {
		select {
		case <-conn.Done():
			return
		case <-s.baseCtx.Done():
			return
		case <-tick.C:
		}
		now := conn.reads.Load()
		switch {
		case now != reads:
			reads, missed, clientStuck = now, 0, false
			s.setUnresponsive(conn, false)
		case conn.idle():
			missed = 0
			conn.sendPing()
		case missed < missedBeats-1:
			missed++
		default:
			s.setUnresponsive(conn, true)
			if clientStuck {
				s.log.Warn("tmux answers, but not its control client: replacing that")
				conn.kill()
				return
			}
			clientStuck = s.probe() == id.PID
			tick.Reset(heartbeat) // tmux may just have woken up; then the client will have, too, at the next look
		}
		s.restoreSocket(conn, id, &socket)
		s.deleteLeftovers(conn)
	}
}

// setUnresponsive notes whether a connection is unresponsive, if it is the current
// one.
func (s *Server) setUnresponsive(conn *Conn, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != conn || s.unresponsive == silent {
		return
	}
	s.unresponsive = silent
	close(s.change)
	s.change = make(chan struct{})
	if silent {
		s.log.Warn("tmux does not answer")
	} else {
		s.log.Info("tmux answers again")
	}
}

// probe returns the process id of the tmux server that answers a one-shot client; 0:
// none does.
func (s *Server) probe() int {
	ctx, cancel := context.WithTimeout(s.baseCtx, probeTimeout)
	defer cancel()
	out, err := s.oneShot(ctx, "display-message", "-p", "#{pid}")
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(out)) // tmux prints a number, and 0 is no process
	return pid
}
