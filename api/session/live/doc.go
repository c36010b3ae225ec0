// Package live keeps the screens of watched sessions up to date. It returns an unchanged
// screen without asking tmux, and wakes the callers who wait for a change. It knows no
// users: registry decides which session a caller may see.
//
// Screens are the live screens of one tmux server. A session that somebody looks at is
// watched: its windows are linked into the session of a second control client, the hub,
// to which tmux then reports their output, layout and end. Every report increments the
// pane's version, and makes cached captures of older versions stale. The next look
// captures the pane anew, over the first connection and never the hub's.
//
// The main types, in the order in which a look uses them:
//
//	Screens         the watched sessions and the loop that serves the hub
//	watched         one session: its layout, its holders, its follower
//	screen          one pane: its version, its caches, its output
//	cache           the captures of one variant of a screen (ANSI, joined, …)
//	output          the last bytes that the pane's program wrote, by offset
//	Viewer          a caller who looks at one pane for a while
//	Tap             a listener that gets every byte of a pane at once
//
// registry makes Viewers and asks for single screens; expect and shellrun use
// Viewers; api/attach and api/events read their output. The loop in hub_loop.go
// alone links and unlinks windows, and pauses and resumes panes.
package live
