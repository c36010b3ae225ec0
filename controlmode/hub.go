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

// Hub is a second connection to a Server's tmux server. Its session is the one
// into which other sessions' windows are linked, so that their output is told
// (Output); a window stays where it was as well. It is for listening: commands
// whose answers are waited for go through the Server.
//
// The hub's session ends with the connection, which unlinks what was linked.
// Nobody's window is resized by it (tmux's ignore-size), and it never holds a
// program back: what cannot be told within a second is dropped by tmux, which says
// so (Pause); see Keep.
type Hub struct {
	owner      *Server
	conn       *Conn
	server     ServerID
	session    SessionID
	window     WindowID // its own, which holds nothing
	selfPaused selfPaused
	buffering  bufferingPanes
}

// PauseAfter is how many seconds tmux keeps what a pane prints for a Hub that
// does not read, unless Keep says otherwise; without it the tmux server would grow
// without bound.
const DefaultPauseAfter = 1

// pauseFlag is the client flag for it.
func pauseFlag(seconds int) string { return "pause-after=" + strconv.Itoa(seconds) }

// OpenHub connects a Hub. It waits for commands in flight, as Dial demands,
// and for tmux, ten seconds at most. on is called from the reader's goroutine,
// in the stream's order, and must not block; nil drops all. Close the Hub when
// done; it does not reconnect. OpenHub fails with the errors of a Server and of
// Dial.
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

// listen turns the output on and learns what the hub's session is.
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

// Server is the tmux server that the hub is on.
func (h *Hub) Server() ServerID { return h.server }

// Lost is closed as soon as the connection is known to be ending, be it that its
// client's process has ended, of which tmux itself may hear later: what panes
// print since is not told.
func (h *Hub) Lost() <-chan struct{} { return h.conn.lost }

// CatchUp blocks until all that tmux had told three milliseconds ago is handed on,
// for as long as ctx and the connection last. Mostly that is so already, which takes
// one system call each such time to find out. While tmux tells more than can be
// handed on, such as of a flood, it does not wait for the end of that.
func (h *Hub) CatchUp(ctx context.Context) { h.conn.catchUp(ctx) }

// Done is closed when the connection has ended; Err says why.
func (h *Hub) Done() <-chan struct{} { return h.conn.Done() }

// Err says why the connection ended, nil while it is up.
func (h *Hub) Err() error { return h.conn.Err() }

// Close ends the connection, and with it the hub's session (see Conn.Close).
func (h *Hub) Close() error { return h.conn.Close() }

// firstSlot is the index in the hub's session of window @0: windows are linked
// at an index that tells their id, so that none can be linked twice.
const firstLinkIndex = 100_000

// slot is where a window is linked, as a target.
func (h *Hub) linkTarget(w WindowID) string {
	return "'" + h.session.String() + ":" + strconv.Itoa(firstLinkIndex+int(w)) + "'"
}

// Link makes the output of a window's panes heard, except of those that are paused.
// What they printed before is not told. It fails with ErrNotFound when the window is
// gone.
func (h *Hub) Link(ctx context.Context, w WindowID) error {
	cmd := wire.NewCommand("link-window -d -s").Word("'" + w.String() + "'").Word("-t").Word(h.linkTarget(w))
	_, err := h.conn.run(ctx, cmd, 1)
	var refused *CommandError
	if errors.As(err, &refused) && strings.HasPrefix(refused.Message, "same index") {
		return nil // linked already
	}
	return err
}

// Unlink undoes Link, after which PauseUnlinked is due. A window that is not linked
// is no error.
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

// Reap kills the windows that are linked nowhere but in the hub, whose session
// has ended: without the hub they would have, too. It unlinks those that are not
// needed, such as one whose Link seemed to fail, since its answer did not come in
// time. It returns how many there were of both.
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
		if err := h.Unlink(ctx, w); err != nil { // which kills what is linked nowhere else
			return reaped, err
		}
		reaped++
	}
	return reaped, nil
}

func (h *Hub) kill(ctx context.Context, w WindowID) error {
	_, err := h.conn.run(ctx, wire.NewCommand("kill-window -t").Word(h.linkTarget(w)), 1)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}

// Keep has tmux keep for so many seconds, at least one, what panes print before it
// is told, and drop it then; at first it is PauseAfter. What is kept of one pane is in the
// way of all that the hub is told and answered, so longer is for a while only.
func (h *Hub) SetPauseAfter(ctx context.Context, seconds int) error {
	_, err := h.conn.run(ctx, wire.NewCommand("refresh-client -f '"+pauseFlag(max(seconds, 1))+"'"), 1)
	return err
}

// Pause stops the telling of a pane's output; its program goes on. What tmux
// has kept of it for the hub is dropped.
func (h *Hub) Pause(ctx context.Context, p PaneID) error { return h.setPaneFlow(ctx, "pause", nil, p) }

// Resume undoes Pause and PauseUnlinked, tmux's own as well; a pane that is not
// paused, or gone, is no error. What was printed meanwhile is not told. at, if not
// nil, is called from the reader's goroutine before anything that was printed since is
// told.
func (h *Hub) Resume(ctx context.Context, onAnswer func(), panes ...PaneID) error {
	defer h.buffering.add(panes...)
	return h.setPaneFlow(ctx, "continue", onAnswer, panes...)
}

func (h *Hub) setPaneFlow(ctx context.Context, state string, onAnswer func(), panes ...PaneID) error {
	cmd := wire.NewCommand("refresh-client")
	for _, p := range panes {
		cmd.Word("-A").Word("'" + p.String() + ":" + state + "'")
	}
	_, err := h.conn.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, onAnswer: onAnswer})
	return err
}

// pausedAtOnce is how many panes one command names; tmux's parser has its bounds.
const maxPanesPerCommand = 1000

// PauseUnlinked pauses the panes that the hub has been told of and that are in no
// linked window any more; linked reports whether a pane is in one. tmux (to 3.5a at
// least) would go on to keep what they print for the hub, telling it nothing, and
// grow without bound. When such a pane is linked again it is to be resumed. It blocks
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
