package controlmode

import (
	"context"
	"fmt"
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
	return c.listPanes(ctx, newCommand("list-panes -s").to(ActivePane(s)).word("-F").word(paneFormat))
}

// notAnchor leaves out what is linked into a Hub, which its own session lists.
var notAnchor = fmt.Sprintf("'#{!=:#{=%d:session_name},%s}'", len(anchorPrefix), anchorPrefix)

// ListAllPanes lists the panes of every session of the tmux server but those of
// control clients.
func (c Client) ListAllPanes(ctx context.Context) ([]PaneInfo, error) {
	return c.listPanes(ctx, newCommand("list-panes -a -f").word(notAnchor).word("-F").word(paneFormat))
}

func (c Client) listPanes(ctx context.Context, cmd *command) ([]PaneInfo, error) {
	blocks, err := c.send(ctx, cmd, request{frame: frame{blocks: 1}, nonce: true, readOnly: true})
	if err != nil {
		return nil, err
	}
	return parsePanes(blocks[0].Body)
}

// parsePanes reads lines of paneFormat.
func parsePanes(body []byte) ([]PaneInfo, error) {
	r := records{rest: string(body)}
	var list []PaneInfo
	for r.more() {
		list = append(list, r.paneInfo())
		r.newline()
	}
	if r.bad {
		return nil, fmt.Errorf("%w: a list of panes is %q", ErrProtocol, body)
	}
	return list, nil
}

// paneInfo reads paneFields.
func (r *records) paneInfo() PaneInfo {
	p := PaneInfo{Session: r.session(), Window: r.window(), Pane: r.pane()}
	inActiveWindow, active := r.flag(), r.flag()
	p.Active = inActiveWindow && active
	p.Width, p.Height, p.PID, p.Dead = r.number(), r.number(), r.number(), r.flag()
	return p
}
