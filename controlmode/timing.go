package controlmode

import "time"

// The timing of a Server, from the shortest to the longest. Some depend on others:
//
//   - A tmux that stops is noticed after missedBeats looks, one each heartbeat: less
//     than two seconds after it stopped. connectTimeout is as long, so a command
//     that finds no connection learns whether there is one, or that tmux is stopped.
//   - A dial waits for gateTimeout, deadClientTimeout and attachTimeout, one after
//     another. Twice all of them fits in startTimeout.
//   - minBackoff is a few times deadClientPoll: tmux then has dealt with a dead
//     client before the next one comes.
const (
	// deadClientPoll is the pause between two looks for anchors of dead clients.
	deadClientPoll = 5 * time.Millisecond
	// minBackoff is the pause before the first dial after a connection ended. In it
	// the tmux server deals with the dead client, before the next one identifies
	// itself (see Dial).
	minBackoff = 20 * time.Millisecond
	// maxCooldown is the longest pause after a long command (see bulk.cooldown).
	maxCooldown = 50 * time.Millisecond
	// activeFor is how long after a short command other callers count as active.
	// They must not find tmux busy each time.
	activeFor = 100 * time.Millisecond
	// oneShotDelay is how long the output of a one-shot client may stay open after
	// the client has ended: tmux has it open too, and a tmux that is stopped would
	// never close it.
	oneShotDelay = 200 * time.Millisecond
	// heartbeat is the interval of the looks at a connection. When nothing has come
	// since the last look, tmux is sent a ping.
	heartbeat = 300 * time.Millisecond
	// probeTimeout is how long a one-shot client waits for tmux's answer.
	probeTimeout = time.Second
	// gateTimeout is how long a dial waits for the commands in flight.
	gateTimeout = time.Second
	// cleanupTimeout bounds the deletion of a buffer after a failure.
	cleanupTimeout = time.Second
	// deadClientTimeout bounds the wait for tmux to notice that a client has died.
	deadClientTimeout = 2 * time.Second
	// endingTimeout is how long a tmux server that is ending may go on refusing
	// clients before it is killed.
	endingTimeout = 2 * time.Second
	// connectTimeout is how long a command waits for a connection.
	connectTimeout = 2 * time.Second
	// maxBackoff is the longest pause between two dials.
	maxBackoff = 2 * time.Second
	// attachTimeout bounds an attach. It is generous because a client that goes
	// away before its attach is complete can crash the tmux server (tmux PR 5004).
	attachTimeout = 10 * time.Second
	// startTimeout is how long Start waits for a tmux server that does not answer:
	// one that is stopped or overloaded has the sessions, and may go on. It also
	// waits as long for one that hangs up, which may be ending.
	startTimeout = 30 * time.Second
)

const (
	// missedBeats is how many looks in a row must find that tmux owes an answer
	// before the connection counts as unresponsive. These are looks and not a time,
	// in which this process may have been stopped itself.
	missedBeats = 4
	// startTries is how often Start dials when tmux fails it for another reason
	// than those of startTimeout.
	startTries = 3
)
