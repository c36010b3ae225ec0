package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

// Text frames to the client.
type (
	readyJSON struct {
		Type   string `json:"type"` // ready
		Pane   string `json:"pane"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
		Mode   string `json:"mode"` // edit or view
	}
	sizeJSON struct {
		Type   string `json:"type"` // resize
		Pane   string `json:"pane"`
		Width  int    `json:"width"`
		Height int    `json:"height"`
	}
	resyncedJSON struct {
		Type string `json:"type"` // resync
		Pane string `json:"pane"`
	}
	exitJSON struct {
		Type   string `json:"type"` // exit
		Status string `json:"status"`
	}
	pongJSON struct {
		Type string          `json:"type"` // pong
		ID   json.RawMessage `json:"id,omitempty"`
	}
	refusedJSON struct {
		Type   string `json:"type"` // error
		Detail string `json:"detail"`
	}
)

// sendText sends a text frame with v as JSON.
func (t *terminal) sendText(ctx context.Context, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.write(ctx, websocket.MessageText, text)
}

// write sends a frame. It blocks while the client does not read, for StuckTime at
// most. There is no queue: if a client is so slow that the output buffer has
// moved past its position, it gets a repaint instead.
func (t *terminal) write(ctx context.Context, kind websocket.MessageType, data []byte) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.server.options.StuckTime)
	defer cancel()
	// A write that is cut off ends the connection without a close frame, so let it
	// finish.
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(lastWrite, cancel) })
	defer unhook()
	return t.conn.Write(bounded, kind, data)
}

// lastWrite is how long a write may go on after its context has ended.
const lastWrite = time.Second

// sendScreens sends the pane's screen and then the output of its program. If the
// client named a pane that closes while the session goes on, the error says so.
func (t *terminal) sendScreens(ctx context.Context) error {
	err := t.stream(ctx)
	if t.pane != "" {
		err = paneError(ctx, t.viewer, err)
	}
	return err
}

func (t *terminal) stream(ctx context.Context) error {
	size, err := t.sendReady(ctx)
	if err != nil {
		return err
	}
	cursor, err := t.sendRepaint(ctx)
	t.fresh = true
	for err == nil {
		changes := t.viewer.Changes()
		var more <-chan struct{}
		if size, cursor, err = t.sendSize(ctx, size, cursor); unlessTransient(err) != nil {
			break
		}
		if cursor, more, err = t.sendOutput(ctx, cursor); unlessTransient(err) != nil {
			break
		}
		select {
		case <-changes:
		case <-more:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
		err = nil
	}
	return err
}

// sendReady tells the client to which pane it is attached.
func (t *terminal) sendReady(ctx context.Context) (session.Pane, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return session.Pane{}, err
	}
	mode := "edit"
	if t.view {
		mode = "view"
	}
	p := paneIn(panes, t.pane)
	return p, t.sendText(ctx, readyJSON{Type: "ready", Pane: p.ID, Width: p.Width, Height: p.Height, Mode: mode})
}

// sendRepaint sends the whole screen, and returns the position at which the output
// follows it. It waits while tmux cannot be reached.
func (t *terminal) sendRepaint(ctx context.Context) (session.Cursor, error) {
	for {
		changes := t.viewer.Changes()
		screen, cursor, err := t.viewer.Repaint(ctx)
		if err == nil {
			return cursor, t.write(ctx, websocket.MessageBinary, live.EncodeANSI(screen))
		}
		if unlessTransient(err) != nil {
			return cursor, err
		}
		retry := time.NewTimer(time.Second)
		select {
		case <-changes:
		case <-retry.C:
		case <-ctx.Done():
			retry.Stop()
			return cursor, context.Cause(ctx)
		}
		retry.Stop()
	}
}

// sendOutput sends the output after the cursor, or a repaint if some of it is
// lost. It returns the new position and a channel that is closed when there is
// more.
func (t *terminal) sendOutput(ctx context.Context, cursor session.Cursor) (session.Cursor, <-chan struct{}, error) {
	for {
		if ctx.Err() != nil {
			return cursor, nil, context.Cause(ctx)
		}
		data, next, more, err := t.viewer.Output(cursor, outputFrame)
		torn := t.fresh && len(data) > 0 && !utf8.RuneStart(data[0])
		t.fresh = t.fresh && len(data) == 0
		switch {
		case errors.Is(err, session.ErrGap):
			if next, err = t.resync(ctx); err != nil {
				return cursor, nil, err
			}
			t.fresh = true
		case torn: // tmux captured the screen amid a character; now it has all of it
			if next, err = t.resync(ctx); err != nil {
				return cursor, nil, err
			}
		case err != nil:
			return cursor, nil, err
		case len(data) == 0:
			return cursor, more, nil
		default:
			if err := t.write(ctx, websocket.MessageBinary, data); err != nil {
				return cursor, nil, err
			}
		}
		cursor = next
	}
}

// resync announces a repaint and sends it.
func (t *terminal) resync(ctx context.Context) (session.Cursor, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return session.Cursor{}, err
	}
	if err := t.sendText(ctx, resyncedJSON{Type: "resync", Pane: paneIn(panes, t.pane).ID}); err != nil {
		return session.Cursor{}, err
	}
	return t.sendRepaint(ctx)
}

// sendSize sends a resize frame if the pane's size changed or another pane became
// active. A repaint follows, because terminals differ in how they rearrange their
// lines when their size changes.
func (t *terminal) sendSize(ctx context.Context, was session.Pane, cursor session.Cursor) (session.Pane, session.Cursor, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return was, cursor, err
	}
	is := paneIn(panes, t.pane)
	if is.ID == was.ID && is.Width == was.Width && is.Height == was.Height || is.ID == "" {
		return was, cursor, nil
	}
	if err := t.sendText(ctx, sizeJSON{Type: "resize", Pane: is.ID, Width: is.Width, Height: is.Height}); err != nil {
		return is, cursor, err
	}
	next, err := t.resync(ctx)
	if err != nil {
		return was, cursor, err
	}
	return is, next, nil
}
