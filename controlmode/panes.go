package controlmode

import (
	"context"
	"fmt"
	"syscall"

	"interplexer/controlmode/internal/wire"
)

// PaneInfo is one pane as list-panes shows it.
type PaneInfo struct {
	Session SessionID
	Window  WindowID
	Pane    PaneID
	Active  bool // the active pane of its session's current window
	Width   int  // cells
	Height  int
	PID     int  // of the program that tmux started in it
	Dead    bool // that program has ended, and the pane has stayed
}

// paneFields are ids and numbers only: nothing that a program can set. Each takes
// tmux a microsecond for each pane, and a condition several.
const paneFields = "#{session_id} #{window_id} #{pane_id} #{window_active} #{pane_active} " +
	"#{pane_width} #{pane_height} #{pane_pid} #{pane_dead}"

const paneFormat = "'" + paneFields + "'"

// ListPanes lists the panes of one session in tmux's order, or fails with
// ErrNotFound.
func (c Client) ListPanes(ctx context.Context, s SessionID) ([]PaneInfo, error) {
	return c.listPanes(ctx, wire.NewCommand("list-panes -s").To(ActivePane(s)).Word("-F").Word(paneFormat))
}

// notAnchor leaves out what is linked into a Hub, which its own session lists.
var notAnchor = fmt.Sprintf("'#{!=:#{=%d:session_name},%s}'", len(anchorPrefix), anchorPrefix)

// ListAllPanes lists the panes of every session of the tmux server but those of
// control clients.
func (c Client) ListAllPanes(ctx context.Context) ([]PaneInfo, error) {
	return c.listPanes(ctx, wire.NewCommand("list-panes -a -f").Word(notAnchor).Word("-F").Word(paneFormat))
}

func (c Client) listPanes(ctx context.Context, cmd *wire.Command) ([]PaneInfo, error) {
	blocks, err := c.send(ctx, cmd, request{frame: wire.Frame{Blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	return parsePanes(blocks[0].Body)
}

// parsePanes reads lines of paneFormat.
func parsePanes(body []byte) ([]PaneInfo, error) {
	r := wire.RecordReader{Rest: string(body)}
	var list []PaneInfo
	for r.More() {
		list = append(list, readPaneInfo(&r))
		r.Newline()
	}
	if r.Bad {
		return nil, fmt.Errorf("%w: a list of panes is %q", ErrProtocol, body)
	}
	return list, nil
}

// readPaneInfo reads paneFields.
func readPaneInfo(r *wire.RecordReader) PaneInfo {
	p := PaneInfo{Session: r.Session(), Window: r.Window(), Pane: r.Pane()}
	inActiveWindow, active := r.Flag(), r.Flag()
	p.Active = inActiveWindow && active
	p.Width, p.Height, p.PID, p.Dead = r.Number(), r.Number(), r.Number(), r.Flag()
	return p
}

// ReapChildren makes the tmux server look which of its programs have ended. Up to
// 3.5 it may miss that one has, and then has a dead pane without an ExitStatus.
// How the program ended is seen soon after, if at all.
func ReapChildren(id ServerID) {
	if id.PID > 1 {
		_ = syscall.Kill(id.PID, syscall.SIGCHLD)
	}
}
