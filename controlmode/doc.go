// Package controlmode drives tmux through control mode (tmux -C) over a pty:
// one persistent connection, every command pipelined over it, notifications
// typed.
//
// A Conn is one control client. A Server keeps one Conn alive on one tmux
// server: it takes the socket's lock, starts the tmux server when there is
// none, redials when the client dies and says which commands have an unknown
// outcome. Both hand out a Client, whose methods are tmux's commands.
//
// # What control mode guarantees, and what it does not
//
// tmux frames the answer to each command between %begin and %end or %error
// lines that carry a time, a number and flags. It does not escape what is in
// between, and the numbers are guessable, so a program in a pane can print
// text that looks exactly like the end of the answer that holds it. Every
// command here is therefore framed by something that no pane can know: a line
// count asked for in the same command line, or a random nonce printed by a
// command that follows in the same write (see Frame).
//
// Ids ($1, @2, %3) are unique for the life of one tmux server process and start
// again at 0 with the next one. A ServerID names that process; Server.On binds
// a Client to it, so that an id can never reach another server's session.
//
// The package needs tmux 3.2 or later and works on Linux and macOS.
package controlmode
