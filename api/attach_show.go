package api

import (
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/coder/websocket"

	"interplexer/api/session"
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

// say writes a text frame.
func (t *terminal) say(ctx context.Context, v any) error {
	text, err := json.Marshal(v)
	if err != nil {
		return err
	}
	return t.write(ctx, websocket.MessageText, text)
}

// write blocks while the client does not read, for StuckTime at most. Nothing
// is queued: a client that is too slow finds its place gone from what is kept,
// and gets a new picture.
func (t *terminal) write(ctx context.Context, kind websocket.MessageType, data []byte) error {
	bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), t.server.options.StuckTime)
	defer cancel()
	// A write that is cut off ends the connection without a word to the client.
	unhook := context.AfterFunc(ctx, func() { time.AfterFunc(lastWrite, cancel) })
	defer unhook()
	return t.conn.Write(bounded, kind, data)
}

// lastWrite is how long a write may take when everything ends.
const lastWrite = time.Second

// show sends the pane's picture and then what its program writes. The pane that
// the client has named may be gone while the session goes on.
func (t *terminal) show(ctx context.Context) error {
	err := t.stream(ctx)
	if errors.Is(err, session.ErrNotFound) && t.pane != "" {
		if _, panesErr := t.viewer.Panes(ctx); panesErr == nil {
			return &goneError{status: paneClosed}
		}
	}
	return err
}

func (t *terminal) stream(ctx context.Context) error {
	size, err := t.ready(ctx)
	if err != nil {
		return err
	}
	cursor, err := t.paint(ctx)
	t.fresh = true
	for err == nil {
		changes := t.viewer.Changes()
		var more <-chan struct{}
		if size, cursor, err = t.tellSize(ctx, size, cursor); unlessBusy(err) != nil {
			break
		}
		if cursor, more, err = t.follow(ctx, cursor); unlessBusy(err) != nil {
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

// ready tells the client what it is attached to.
func (t *terminal) ready(ctx context.Context) (session.Pane, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return session.Pane{}, err
	}
	mode := "edit"
	if t.view {
		mode = "view"
	}
	p := paneIn(panes, t.pane)
	return p, t.say(ctx, readyJSON{Type: "ready", Pane: p.ID, Width: p.Width, Height: p.Height, Mode: mode})
}

// paint sends the picture, and returns from where on the output follows it.
func (t *terminal) paint(ctx context.Context) (session.Cursor, error) {
	for {
		changes := t.viewer.Changes()
		picture, cursor, err := t.viewer.Repaint(ctx)
		if err == nil {
			return cursor, t.write(ctx, websocket.MessageBinary, session.Paint(picture))
		}
		if unlessBusy(err) != nil {
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

// follow sends what the program has written since the cursor, or, where some of
// it is lost, a new picture.
func (t *terminal) follow(ctx context.Context, cursor session.Cursor) (session.Cursor, <-chan struct{}, error) {
	for {
		if ctx.Err() != nil {
			return cursor, nil, context.Cause(ctx)
		}
		data, next, more, err := t.viewer.Output(cursor, outputFrame)
		torn := t.fresh && len(data) > 0 && !utf8.RuneStart(data[0])
		t.fresh = t.fresh && len(data) == 0
		switch {
		case errors.Is(err, session.ErrGap):
			if next, err = t.repaint(ctx); err != nil {
				return cursor, nil, err
			}
			t.fresh = true
		case torn: // tmux does not tell of half a character; its picture now has it whole
			if next, err = t.repaint(ctx); err != nil {
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

// repaint sends another picture.
func (t *terminal) repaint(ctx context.Context) (session.Cursor, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return session.Cursor{}, err
	}
	if err := t.say(ctx, resyncedJSON{Type: "resync", Pane: paneIn(panes, t.pane).ID}); err != nil {
		return session.Cursor{}, err
	}
	return t.paint(ctx)
}

// tellSize tells the pane's size, or that another pane is active, if that is
// news, and sends a new picture: no two terminals move their lines alike when
// their size changes.
func (t *terminal) tellSize(ctx context.Context, was session.Pane, cursor session.Cursor) (session.Pane, session.Cursor, error) {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return was, cursor, err
	}
	is := paneIn(panes, t.pane)
	if is.ID == was.ID && is.Width == was.Width && is.Height == was.Height || is.ID == "" {
		return was, cursor, nil
	}
	if err := t.say(ctx, sizeJSON{Type: "resize", Pane: is.ID, Width: is.Width, Height: is.Height}); err != nil {
		return is, cursor, err
	}
	next, err := t.repaint(ctx)
	if err != nil {
		return was, cursor, err
	}
	return is, next, nil
}
