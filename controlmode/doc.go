// Package controlmode drives tmux through its control mode (tmux -C): one
// client on a pty that lives on, commands pipelined over it, notifications as
// Go values. No process is started per command, and nothing that a program
// prints in a pane can pass for an answer of tmux.
//
// # Connecting
//
// A [Server] keeps one connection to one tmux server, which tmux names by its
// socket (tmux -L). [Server.Start] starts that tmux server if it does not run.
// When the client dies, the Server dials again; when the tmux server dies, it
// starts a new one. No other Server can have the same socket meanwhile
// ([ErrLocked]); plain tmux clients can use it as ever. [Server.Close] leaves
// tmux and its sessions running. [Server.State] says how things stand: a tmux
// that does not answer is noticed within two seconds.
//
// [Dial] makes a single connection, a [Conn], and nothing more: no lock, no
// settings, no second attempt. [NewConn] attaches over a stream of yours.
//
// # Sending
//
// A [Client] is tmux's commands. [Server.On] gives one that is bound to a
// [ServerID], one process of tmux: ids such as $1, @2 and %3 start again with
// the next process, and a Client of the old one fails with [ErrServerGone]
// rather than reach a stranger's session. A Conn is a Client of its tmux server.
//
// Clients may be used by any number of goroutines; the more commands wait, the
// more go in one write. Each method returns when tmux has answered or when its
// context is done. Text of any origin is quoted, and is kept from tmux's formats,
// of which #(…) would run a shell. Targets are ids, never names.
//
// # Whose turn it is
//
// tmux runs commands one after another. [Client.For] says on whose behalf a
// Client sends: commands of one name keep their order, those of different names
// take turns, and each name has 64 commands and 64 KiB with tmux at a time (or
// a single larger one). So whoever sends in bulk delays the others by little.
// Long input is read by tmux from memory of ours, not from a command line. While
// others are about, a Server has each name type a megabyte a second at the most,
// and a command that took long is followed by as long a rest before the next one:
// a long history ([Client.CaptureLines]) comes in pieces of 250 lines, over a
// connection of its own that is made when the first is asked for.
//
// # Errors
//
// What happened, and may one send it again? errors.Is tells them apart.
//
//	ErrNotFound, ErrDuplicate,  tmux refused; the error is also a *CommandError
//	ErrNoResources              with tmux's words
//	ErrPaneDead, ErrInMode      nothing was typed
//	ErrHistoryMoved             what was captured so far has no end: start again
//	ErrTooManyLines             nothing was captured: ask for fewer
//	ErrNUL                      not sent; the text cannot be sent
//	ErrOverloaded               not sent: too much waits. Later, yes
//	  ErrTooManyBytes             of which: too many bytes
//	  ErrNoTurn                   of which: no turn within ConnOptions.MaxWait
//	ErrDown, ErrNotSent         not sent: no connection. Later, yes
//	ErrServerGone               not sent: find out what the new server holds
//	ErrClosed                   not answered: the Server was closed
//	ErrUnknownOutcome           sent, and the connection broke: look before you
//	                            repeat. Never for what only reads: a Server
//	                            sends that again by itself
//	ErrTooLarge                 done; the answer was longer than MaxAnswer
//	ErrProtocol                 done; the answer makes no sense
//	the context's own           not sent if its turn had not come; else as with
//	                            ErrUnknownOutcome
//
// # Notifications
//
// [Server.Subscribe] gives a queue of them: loop over [Subscription.All], or
// select on its channel. The connection's reader waits for nobody. A full queue
// loses what comes, and [Missed] stands in its place; [Connected] says that there
// is a new connection. After either, ask for what you would have been told.
//
// A program's output is told only of windows that are linked into the session
// that the listening client is attached to. A [Hub] is a second connection, into
// whose session windows are linked for as long as somebody wants to hear them.
//
// # What control mode guarantees, and what it does not
//
// Framing. tmux puts the answer to a command between %begin and %end or %error
// lines with a time, a number and flags. It escapes nothing in between, and the
// numbers can be guessed, so a program can print what looks like the end of the
// very answer that shows its screen. tmux guarantees nothing here. From 3.4 on it
// does not escape newlines in %message and in names of paste buffers either:
// whoever may run tmux commands of their own can break a connection by these. This package
// trusts a guard only where no pane's text can stand. All else is framed by a
// count of lines asked for in the same command line, or by 128 random bits that
// a command in the same write makes tmux print. A stream that breaks these rules
// is given up ([ErrProtocol]), not guessed at.
//
// Order. Answers come in the order of the commands, and commands of one line run
// with none between them. What was told before an answer is in the queues when
// the method returns. But output is buffered per pane: what a pane printed after
// a capture may be told before the capture's answer. Do not merge the two;
// capture again, or see [Hub.Repaint].
//
// What is not told. A cleared history, options, environments, the end of a
// program whose pane stays, and the output of windows that are not linked;
// [SessionsChanged] does not say which session. A Hub that falls behind by more
// than a second loses a pane's output and hears a [Pause], unless it had tmux keep
// it for longer ([Hub.Keep]).
//
// Bytes. Output may be split anywhere, also inside a character, and need not be
// UTF-8. tmux changes some names ("a.b" becomes "a_b"): read back what it keeps.
//
// Safety. A control client can end the whole tmux server, with every session. Up
// to 3.6, a notification that finds another control client half attached crashes
// it (tmux PR 4980), and so does a client that goes away half attached (PR 5004).
// So connections are few and kept, changes wait while one is made, and an attach
// is given ten seconds whatever its context says. Commands that crash tmux, or
// that never return and so hang the connection (command-prompt, display-popup,
// wait-for), are not offered. A client that does not read makes tmux grow, and so
// does a pane that a client was once told of and whose window has left the
// client's session: this one always reads, and see [Hub.PauseUnlinked]. What tmux
// owes us is bounded by what is in flight: at most 512 commands, and
// [ConnOptions].MaxAnswer bytes kept of each answer.
//
// Isolation. There is none: whoever reaches tmux's socket can do everything as
// its user. A read-only control client can, too.
//
// # Releases of tmux
//
// The package needs 3.2 or later, on Linux or macOS. It is tested on 3.3a and
// 3.5a. Development builds (next-3.9) count as the release they lead to;
// "master" and OpenBSD's versions (openbsd-7.5) as newer than all of them.
//
//	3.2 to 3.5a   capture-pane -p leaks its text inside tmux, so captures pass
//	              through a buffer that the same command line deletes
//	3.2 to 3.3a   such a buffer comes escaped, and is decoded
//	3.4 to 3.5a   and may be followed by memory of tmux's own, which is cut off
//	3.4 and 3.5a  each capture through a buffer is told to every control client
//	3.4 on        %message, %config-error and %paste-buffer-… are told
//	3.7 on        pasted text would be made visible (^[ for an escape), and is
//	              not (paste-buffer -S)
//	3.8           (unreleased) a Hub hears of the panes that it pauses itself
//
// The package controltest helps to test what uses this one.
package controlmode
