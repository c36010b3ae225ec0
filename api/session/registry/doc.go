// Package registry knows who owns which session, and is the only way to reach one.
// It creates, lists, edits and ends sessions, changes their windows and panes, and
// types into them, always on behalf of a session.Principal; a stranger's session is
// not found.
//
// A session is first a row of the store, then a tmux session that carries the row's
// identity in a user option. Reconciliation repairs the state that a crash leaves between the
// two: it compares rows and tmux at the start, whenever tmux's list of sessions changes,
// and every 30 seconds.
//
// The main types are Registry, which api calls, and record, which is a row and its
// place in tmux. The records are in memory and the registry is their only writer, so
// reading from a session needs no query. Screens come from package live. expect and
// shellrun get the registry as the small interfaces that they declare.
package registry
