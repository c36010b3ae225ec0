package controlmode

import (
	"context"
	"strconv"
	"strings"
	"time"
)

// State is how a Server stands with its tmux server.
type State int

const (
	// StateDown: there is no connection; one is being made.
	StateDown State = iota
	// StateDegraded: there is a connection, and tmux has not answered on it
	// for a second. New commands are not sent.
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

const (
	// A connection on which nothing has come for a heartbeat is asked for a
	// sign of life, and counts as silent when it owes an answer at so many looks
	// in a row: less than two seconds after tmux has stopped. Looks and not
	// time, in which we may have been stopped ourselves.
	heartbeat = 300 * time.Millisecond
	patience  = 4
	// probeTime is how long a plain client waits for tmux's answer.
	probeTime = time.Second
)

// State says how the Server stands with its tmux server.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.conn == nil:
		return StateDown
	case s.silent:
		return StateDegraded
	}
	return StateConnected
}

// watch keeps an eye on a connection for as long as it lives. When it is
// silent, a plain client is sent to tmux: if that is answered, the control
// client's queue is stuck and the client is killed, so that it is replaced; if
// not, tmux is stopped, stuck or starved, and all that can be done is to wait.
// A control client's own process does nothing that could get stuck: it hands
// its terminal to the tmux server.
func (s *Server) watch(conn *Conn, id ServerID, socket socketFile) {
	tick := time.NewTicker(heartbeat)
	defer tick.Stop()
	var reads uint64
	owing, atFault := 0, false
	for {
		select {
		case <-conn.Done():
			return
		case <-s.life.Done():
			return
		case <-tick.C:
		}
		now := conn.reads.Load()
		switch {
		case now != reads:
			reads, owing, atFault = now, 0, false
			s.setSilent(conn, false)
		case conn.idle():
			owing = 0
			conn.askForLife()
		case owing < patience-1:
			owing++
		default:
			s.setSilent(conn, true)
			if atFault {
				s.log.Warn("tmux answers, but not its control client: replacing that")
				conn.kill()
				return
			}
			atFault = s.probe() == id.PID
			tick.Reset(heartbeat) // tmux may just have woken up: then so will the client, by the next look
		}
		s.keepSocket(conn, id, &socket)
		s.dropLeft(conn)
	}
}

// setSilent notes whether a connection is silent, if it is the current one.
func (s *Server) setSilent(conn *Conn, silent bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.conn != conn || s.silent == silent {
		return
	}
	s.silent = silent
	close(s.change)
	s.change = make(chan struct{})
	if silent {
		s.log.Warn("tmux does not answer")
	} else {
		s.log.Info("tmux answers again")
	}
}

// probe is the process of the tmux server that answers a plain client; 0: none
// does.
func (s *Server) probe() int {
	ctx, cancel := context.WithTimeout(s.life, probeTime)
	defer cancel()
	out, err := s.plain(ctx, "display-message", "-p", "#{pid}")
	if err != nil {
		return 0
	}
	pid, _ := strconv.Atoi(strings.TrimSpace(out)) // what is no number is no tmux
	return pid
}
