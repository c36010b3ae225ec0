package controlmode

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"interplexer/controlmode/internal/wire"
)

// Hub is a second connection to a Server's tmux server, for listening. Windows of
// other sessions are linked into its session, so that tmux sends their output to it
// (Output). A window stays in its own session as well. Commands whose answers
// somebody waits for go through the Server.
//
// The hub's session ends with the connection, which unlinks its windows. The hub
// resizes nobody's windows (tmux's ignore-size), and never holds a program back:
// output that it cannot take within a second is dropped by tmux, which reports that
// with Pause; see SetPauseAfter.
type Hub struct {
	owner      *Server
	conn       *Conn
	server     ServerID
	session    SessionID
	window     WindowID // the window that its session was made with, which is empty
	selfPaused selfPaused
	buffering  bufferingPanes
}

// DefaultPauseAfter is how many seconds tmux buffers a pane's output for a Hub that
// does not read, unless SetPauseAfter changes it. Without a limit the tmux server
// would grow without bound.
const DefaultPauseAfter = 1

// pauseFlag is the client flag for such a limit.
func pauseFlag(seconds int) string { return "pause-after=" + strconv.Itoa(seconds) }

// OpenHub connects a Hub. It waits for commands in flight, as Dial demands, and for
// tmux, ten seconds at most. on is called from the reader's goroutine, in the
// stream's order, and must not block; nil drops all notifications. Close the Hub when
// done; it does not reconnect. OpenHub fails with the errors of a Server and of Dial.
func (s *Server) OpenHub(ctx context.Context, on func(Notification)) (*Hub, error) {
	_, id, err := s.connected(ctx)
	if err != nil {
		return nil, err
	}
	h := &Hub{owner: s}
	opts := s.opts.Conn
	opts.OnNotification = h.selfPaused.filter(func(n Notification) {
		s.countChange(n)
		if out, ok := n.(Output); ok {
			h.buffering.add(out.Pane)
		}
		if on != nil {
			on(n)
		}
	})
	conn, found, err := s.dial(ctx, true, opts)
	if err != nil {
		return nil, err
	}
	h.conn, h.server = conn, found
	if found != id {
		err = ErrServerGone
	} else {
		err = h.listen(ctx)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return h, nil
}

// listen turns the output on and asks for the ids of the hub's session and window.
func (h *Hub) listen(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, attachTimeout)
	defer cancel()
	cmd := wire.NewCommand("refresh-client -f '!no-output," + pauseFlag(DefaultPauseAfter) + "'")
	cmd.Then("display-message -p '#{session_id} #{window_id}'")
	blocks, err := h.conn.run(ctx, cmd, 2)
	if err != nil {
		return err
	}
	r := wire.RecordReader{Rest: string(blocks[1].Body)}
	h.session, h.window = r.Session(), r.Window()
	if r.Bad {
		return fmt.Errorf("%w: the hub's session is %q", ErrProtocol, blocks[1].Body)
	}
	return nil
}

// Server is the tmux server that the hub is connected to.
func (h *Hub) Server() ServerID { return h.server }

// Lost is closed as soon as the connection is known to be ending, for instance
// because its client's process has ended. tmux itself may notice later. Output since
// then is not received.
func (h *Hub) Lost() <-chan struct{} { return h.conn.lost }

// CatchUp blocks until all notifications that tmux had sent three milliseconds ago
// have been delivered, or until ctx is done or the connection has ended. Mostly they
// have been, and one system call each three milliseconds finds that out. While tmux
// sends more than can be delivered, as in a flood, CatchUp does not wait for the end
// of that.
func (h *Hub) CatchUp(ctx context.Context) { h.conn.catchUp(ctx) }

// Done is closed when the connection has ended; Err says why.
func (h *Hub) Done() <-chan struct{} { return h.conn.Done() }

// Err returns the reason for which the connection ended; nil while it is up.
func (h *Hub) Err() error { return h.conn.Err() }

// Close ends the connection, and with it the hub's session (see Conn.Close).
func (h *Hub) Close() error { return h.conn.Close() }

// firstLinkIndex is the index in the hub's session of window @0. The index of a
// window follows from its id, so that none can be linked twice.
const firstLinkIndex = 100_000

// linkTarget is the place of a linked window, as a target.
func (h *Hub) linkTarget(w WindowID) string {
	return "'" + h.session.String() + ":" + strconv.Itoa(firstLinkIndex+int(w)) + "'"
}

// Link links a window into the hub's session. From then on the hub receives the
// output of its panes, except of those that are paused. Link fails with ErrNotFound
// when the window is gone.
func (h *Hub) Link(ctx context.Context, w WindowID) error {
	cmd := wire.NewCommand("link-window -d -s").Word("'" + w.String() + "'").Word("-t").Word(h.linkTarget(w))
	_, err := h.conn.run(ctx, cmd, 1)
	var refused *CommandError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Message, "same index") {
		return nil // linked already
	}
	return err
}

// Unlink undoes Link. Call PauseUnlinked afterwards. A window that is not linked is
// no error.
func (h *Hub) Unlink(ctx context.Context, w WindowID) error {
	_, err := h.conn.run(ctx, wire.NewCommand("unlink-window -t").Word(h.linkTarget(w)), 1)
	var refused *CommandError
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case errors.As(err, &refused) && strings.Contains(refused.Message, "only linked to one session"):
		return h.kill(ctx, w)
	}
	return err
}

// PruneWindows kills the windows that are linked nowhere but in the hub: their
// session has ended, and without the hub they would have ended with it. It unlinks
// the windows that are not needed, such as one whose Link failed because the answer
// did not come in time. It returns the number of both.
func (h *Hub) PruneWindows(ctx context.Context, needed func(WindowID) bool) (int, error) {
	cmd := wire.NewCommand("list-windows -F '#{window_id} #{window_linked_sessions}' -t").Word("'" + h.session.String() + ":'")
	blocks, err := h.conn.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return 0, err
	}
	reaped := 0
	r := wire.RecordReader{Rest: string(blocks[0].Body)}
	for r.More() {
		w, links := r.Window(), r.Number()
		r.Newline()
		if r.Bad {
			return reaped, fmt.Errorf("%w: a list of windows is %q", ErrProtocol, blocks[0].Body)
		}
		if w == h.window || links > 1 && needed(w) {
			continue
		}
		if err := h.Unlink(ctx, w); err != nil { // which kills a window that is linked nowhere else
			return reaped, err
		}
		reaped++
	}
	return reaped, nil
}

// kill kills a linked window.
func (h *Hub) kill(ctx context.Context, w WindowID) error {
	_, err := h.conn.run(ctx, wire.NewCommand("kill-window -t").Word(h.linkTarget(w)), 1)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// SetPauseAfter sets for how many seconds, at least one, tmux buffers output that the
// hub has not taken, before it drops it and pauses the pane. The initial value is
// DefaultPauseAfter. The buffered output of one pane delays all other notifications
// and answers of the hub, so set a longer time for a while only.
func (h *Hub) SetPauseAfter(ctx context.Context, seconds int) error {
	_, err := h.conn.run(ctx, wire.NewCommand("refresh-client -f '"+pauseFlag(max(seconds, 1))+"'"), 1)
	return err
}

// Pause stops the output of a pane to the hub; the pane's program goes on. tmux drops
// the output that it has buffered for the hub.
func (h *Hub) Pause(ctx context.Context, p PaneID) error { return h.setPaneFlow(ctx, "pause", nil, p) }

// Resume undoes Pause and PauseUnlinked, and a pause of tmux's own. A pane that is
// not paused, or is gone, is no error. The output of the time in between is lost.
// onAnswer, if not nil, is called from the reader's goroutine before the hub receives
// any output since.
func (h *Hub) Resume(ctx context.Context, onAnswer func(), panes ...PaneID) error {
	defer h.buffering.add(panes...)
	return h.setPaneFlow(ctx, "continue", onAnswer, panes...)
}

// setPaneFlow pauses or continues panes.
func (h *Hub) setPaneFlow(ctx context.Context, state string, onAnswer func(), panes ...PaneID) error {
	cmd := wire.NewCommand("refresh-client")
	for _, p := range panes {
		cmd.Word("-A").Word("'" + p.String() + ":" + state + "'")
	}
	_, err := h.conn.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, onAnswer: onAnswer})
	return err
}

// maxPanesPerCommand is how many panes one command names: tmux's parser has its
// bounds.
const maxPanesPerCommand = 1000

// PauseUnlinked pauses the panes whose output the hub has received and that are in no
// linked window any more. linked reports whether a pane is in one. tmux (to 3.5a at
// least) would go on buffering their output for the hub, never send it, and grow
// without bound. When such a pane is linked again, resume it. PauseUnlinked blocks
// only when there is something to pause.
func (h *Hub) PauseUnlinked(ctx context.Context, linked func(PaneID) bool) error {
	panes := h.buffering.removeUnless(linked)
	for some := range slices.Chunk(panes, maxPanesPerCommand) {
		if err := h.setPaneFlow(ctx, "pause", nil, some...); err != nil {
			h.buffering.add(panes...)
			return err
		}
	}
	return nil
}
