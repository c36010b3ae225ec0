// Package live keeps the screens of watched sessions up to date, so that an
// unchanged screen is shown without a word to tmux, and wakes whoever waits for a
// change. It knows nothing of users: registry says which session a caller may see.
//
// Screens is all of it, for one tmux server. A session that somebody looks at is
// watched: its windows are linked into the session of a second control client, the
// hub, which then reports their output, layout and end. Every report makes the
// pane's version greater, and a cached capture of an older version stale. The next
// look captures the pane anew, over the first connection, never the hub's.
//
// The main types, and how a look travels through them:
//
//	Screens         the watched sessions and the loop that serves the hub
//	watched         one session: its layout, its holders, its follower
//	screen          one pane: its version, its caches, its output
//	cache           the captures of one variant of a screen (ANSI, joined, …)
//	output          the last bytes that the pane's program wrote, by offset
//	Viewer          a caller who looks at one pane for a while
//	Tap             a listener that gets every byte of a pane as it comes
//
// registry makes Viewers and asks for single screens; expect and shellrun use
// Viewers; api/attach and api/events read their output. The loop in hub_loop.go
// alone links and unlinks windows, and pauses and resumes panes.
package live
