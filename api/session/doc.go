// Package session is the vocabulary of the domain: the types, options and errors that
// all rooms and all front ends share. It imports no other package of this module, starts
// no goroutine and does no I/O; its functions only check and convert values.
//
// # The rooms
//
//	session            this vocabulary
//	session/registry   who owns which session; create, list, edit, end, reconcile,
//	                   windows and panes, typing
//	session/live       the screens of watched sessions: caches, viewers, output
//	session/expect     waits; which text of a screen is an echo
//	session/shellrun   run and exec
//	session/render     pictures of screens
//	session/tmux       a user's session on a tmux server; errors and time limits of tmux
//	session/tty        the mode and the unread input of a pane's terminal
//	session/flight     one call, shared by callers who ask at the same time
//	session/sessiontest  the harness of tests: all rooms on a real tmux and store
//	access             tokens and their users
//	idempotency        responses, stored for requests that are sent again
//
// # The arrows
//
//	cmd -> api -> registry -> live -> render, tmux, flight -> controlmode
//	             |            ^
//	             |            +-- expect, shellrun (they declare the five methods
//	             |                that they need of a registry)
//	             +-> access, idempotency -> db <- registry
//
// Any package may import session. SQL is only in db, text of tmux commands only in
// controlmode, types of HTTP only in api. TestArrows holds the table.
//
// # Invariants
//
//   - A session is first a row, then a tmux session that carries the row's identity.
//     Reconciliation repairs the state that a crash leaves between the two.
//   - The registry is the only writer of its rows; it has them in memory.
//   - A caller reaches a session only through the registry, with a Principal. For
//     another user's session every method returns ErrNotFound (registry/records.go).
//   - A cached capture is used only while its screen's version has not changed since the
//     capture, and for a second at most (live/cache.go).
//   - The hub's reader never blocks. The loop of the hub alone links windows.
//   - A command that may have been carried out is never sent again automatically
//     (ErrUnknownOutcome).
//
// # Glossary
//
//	anchor      the tmux session that a control client of ours is attached to
//	hub         the second control client, whose session other windows are linked into
//	            so that tmux reports their output
//	watched     a session that somebody has looked at lately; its windows are linked
//	screen      one pane's screen, with its version and its caches
//	version     how many changes of a screen were reported so far
//	variant     the form of a capture that tmux is asked for: ANSI, joined, lines …
//	viewer      a caller who looks at one pane for a while
//	follower    the goroutine that looks for all viewers of a session
//	tap         a listener that gets every byte of a pane, such as a run's recorder
//	cursor      a place in a pane's output; offsets count bytes
//	epoch       one recording of a pane's output; cursors of another one mean nothing
//	gap         output that was lost; resync: to go on from the present screen
//	repaint     a screen with its styles and modes, for a terminal, and the cursor where
//	            the output after it begins
//	paused      a pane that prints too much is paused: tmux delivers no output of it
//	held        a request that waits for a change is held: long-polls and streams
//	origin      the place in a pane where the text of a wait begins
//	echo mode   whether the terminal, a line editor or both echo typed text
//	adopt       to give a tmux session of ours that has no row its row back
//	reconcile   to make rows and tmux agree
//	mark        an escape sequence before or after a command's output
package session
