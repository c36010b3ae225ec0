// Package controlmode drives tmux through its control mode (tmux -C). It keeps one
// client running on a pty, pipelines commands over it, and delivers notifications as
// Go values. It starts no process per command, and no output of a program in a pane
// can pass for an answer of tmux.
//
// # Connecting
//
// A [Server] keeps one connection to one tmux server, which tmux names by its
// socket (tmux -L). [Server.Start] starts that tmux server if it does not run.
// When the client dies, the Server dials again. When the tmux server dies, the
// Server starts a new one. No other Server can use the same socket meanwhile
// ([ErrLocked]); ordinary tmux clients can. [Server.Close] leaves tmux and its
// sessions running. [Server.State] returns the state of the connection: a tmux that
// does not answer is noticed within two seconds.
//
// [Dial] makes a single connection, a [Conn], without a lock, settings or retries.
// [NewConn] attaches over a stream of yours.
//
// # Sending
//
// A [Client] is tmux's commands. [Server.On] returns one that is bound to a
// [ServerID], which is one process of tmux. Ids such as $1, @2 and %3 start again
// with the next process, so a Client of the old one fails with [ErrServerGone] rather
// than reach another session. A Conn is a Client of its tmux server.
//
// Any number of goroutines may use a Client. The more commands wait, the more go in
// one write. Each method returns when tmux has answered or when its context is done.
// Text of any origin is quoted, and is kept from tmux's formats, in which #(…) would
// run a shell. Targets are ids, never names.
//
// # Turns
//
// tmux runs commands one after another. [Client.For] says on whose behalf a Client
// sends. Commands of one sender keep their order, and senders take turns. Each sender
// has at most 64 commands and 64 KiB with tmux at a time (or a single larger
// command). So a sender of many commands delays the others little.
//
// tmux reads long input from memory of this process, not from a command line. While
// other senders are active, a Server lets each one type a megabyte a second at most.
// Commands that take long go over a connection of their own, which is made when the
// first one comes: a long history ([Client.CaptureLines]) comes in pieces of 250
// lines, and after each piece tmux is left to the others for as long as it took.
//
// # Errors
//
// errors.Is tells what happened, and whether the command may be sent again.
//
//	ErrNotFound, ErrDuplicate,  tmux refused; the error is also a *CommandError
//	ErrNoResources              with tmux's message
//	ErrPaneDead, ErrInMode      nothing was typed
//	ErrHistoryMoved             the pieces so far have no continuation: start again
//	ErrTooManyLines             nothing was captured: ask for fewer
//	ErrNUL                      not sent; the text cannot be sent
//	ErrOverloaded               not sent: too much waits. Send again later
//	  ErrTooManyBytes             because of too many bytes
//	  ErrNoTurn                   because of no turn within ConnOptions.MaxWait
//	ErrDown, ErrNotSent         not sent: no connection. Send again later
//	ErrServerGone               not sent: find out which sessions the new server has
//	ErrClosed                   not answered: the Server was closed
//	ErrUnknownOutcome           sent, and the connection broke: look before you
//	                            repeat. Commands that only read do not fail so on
//	                            a Server, which sends them again by itself
//	ErrTooLarge                 done; the answer was longer than MaxAnswer
//	ErrProtocol                 done; the answer makes no sense
//	the context's own           not sent if its turn had not come; else as with
//	                            ErrUnknownOutcome
//
// # Notifications
//
// [Server.Subscribe] returns a queue of notifications: loop over [Subscription.All],
// or select on its channel. The connection's reader waits for nobody. A full queue
// drops new notifications, and [Missed] stands in their place. [Connected] says that
// there is a new connection. After either, ask tmux for its present state.
//
// tmux sends the output of a window only to clients whose session the window is
// linked into. A [Hub] is a second connection. Windows are linked into its session
// for as long as somebody wants their output.
//
// # Guarantees
//
// Framing. tmux puts the answer to a command between %begin and %end or %error
// lines with a time, a number and flags. It escapes nothing in between, and the
// numbers can be guessed. So a program can print a line that looks like the end of
// the very answer that shows its screen. tmux guarantees nothing here. From 3.4 on it
// does not escape newlines in %message and in names of paste buffers either, so
// anyone who may run tmux commands of their own can break a connection with these.
// This package trusts a guard only where no pane's text can stand. Every other answer
// is framed by a count of lines that the same command line asks for, or by 128 random
// bits that a command in the same write makes tmux print. A stream that breaks these
// rules is given up ([ErrProtocol]); the package does not guess.
//
// Order. Answers come in the order of the commands, and tmux runs the commands of one
// line with no other in between. Notifications before an answer are in the queues
// when the method returns. But tmux buffers output per pane: output that a pane
// printed after a capture may arrive before the capture's answer. Do not merge the
// two; capture again, or see [Hub.Repaint].
//
// Missing notifications. tmux does not report a cleared history, options,
// environments, the end of a program whose pane stays, or the output of windows that
// are not linked. [SessionsChanged] does not say which session. A Hub that falls
// behind by more than a second loses a pane's output and receives a [Pause], unless
// [Hub.SetPauseAfter] has set a longer time.
//
// Bytes. Output may be split anywhere, also inside a character, and need not be
// UTF-8. tmux changes some names ("a.b" becomes "a_b"): read back the name that it
// keeps.
//
// Safety. A control client can end the whole tmux server, with every session. Up
// to 3.6, a notification that finds another control client half attached crashes
// it (tmux PR 4980), and so does a client that goes away half attached (PR 5004).
// So connections are few and kept, changes wait while one is made, and an attach
// is given ten seconds whatever its context says. The package does not offer commands
// that crash tmux, or that never return and so block the connection (command-prompt,
// display-popup, wait-for). A client that does not read makes tmux grow; this one
// always reads. So does a pane whose output a client once received and whose window
// has left the client's session: see [Hub.PauseUnlinked]. The memory for answers is
// bounded: at most 512 commands are in flight, and [ConnOptions].MaxAnswer bytes are
// kept of each answer.
//
// Isolation. There is none: anyone who reaches tmux's socket can do everything as
// its user. A read-only control client can, too.
//
// # Releases of tmux
//
// The package needs 3.2 or later, on Linux or macOS. It is tested on 3.3a and
// 3.5a. Development builds (next-3.9) count as the release they lead to.
// "master" and OpenBSD's versions (openbsd-7.5) count as newer than all of them.
//
//	3.2 to 3.5a   capture-pane -p leaks its text inside tmux, so captures pass
//	              through a buffer that the same command line deletes
//	3.2 to 3.3a   such a buffer comes encoded, and is decoded
//	3.4 to 3.5a   memory of tmux's own may follow it, and is cut off
//	3.4 and 3.5a  each capture through a buffer notifies every control client
//	3.4 on        tmux sends %message, %config-error and %paste-buffer-…
//	3.7 on        pasted text would be made visible (^[ for an escape), and is
//	              not (paste-buffer -S)
//	3.8           (unreleased) a Hub is notified of the panes that it pauses itself
//
// The package controltest helps to test code that uses this one.
package controlmode
