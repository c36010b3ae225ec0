package api

import (
	"context"
	"errors"

	"github.com/coder/websocket"

	"interplexer/api/session"
)

// receive handles the client's frames in their order, until the client leaves.
func (t *terminal) receive(ctx context.Context) error {
	for {
		kind, data, err := t.conn.Read(ctx)
		if err != nil {
			return err
		}
		if kind == websocket.MessageBinary {
			err = t.typeBytes(ctx, data)
		} else {
			err = t.control(ctx, data)
		}
		if err != nil {
			return err
		}
	}
}

// errViewOnly: the client attached with mode=view.
var errViewOnly = badRequest("This attach is for viewing only.")

// typeBytes types the bytes of a binary frame.
func (t *terminal) typeBytes(ctx context.Context, data []byte) error {
	if t.view {
		return t.refuse(ctx, errViewOnly)
	}
	if len(data) == 0 {
		return nil
	}
	return t.refuse(ctx, t.server.options.Registry.Send(ctx, t.principal, t.id, session.Input{Pane: t.pane, Raw: data}))
}

// control handles a text frame.
func (t *terminal) control(ctx context.Context, text []byte) error {
	body, err := parseObject(text)
	if err != nil {
		return t.refuse(ctx, err)
	}
	kind := body.text("type")
	switch {
	case kind == nil:
		return t.refuse(ctx, badRequest("A text frame must have a type."))
	case *kind == "ping":
		pong := pongJSON{Type: "pong", ID: body.take("id")}
		if err := body.done(); err != nil {
			return t.refuse(ctx, err)
		}
		return t.sendText(ctx, pong)
	case *kind == "resize":
		return t.refuse(ctx, t.resize(ctx, body))
	}
	return t.refuse(ctx, badRequest("There is no such type of text frame."))
}

func (t *terminal) resize(ctx context.Context, body *object) error {
	width, height := body.integer("width"), body.integer("height")
	if err := body.done(); err != nil {
		return err
	}
	if t.view {
		return errViewOnly
	}
	return t.server.options.Registry.Resize(ctx, t.principal, t.id, width, height)
}

// refuse sends an error frame, without internal details. The connection goes on.
// If the session has ended, sendEnd tells the client.
func (t *terminal) refuse(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, session.ErrEnded) || ctx.Err() != nil {
		return nil
	}
	p, with := problemOf(err)
	detail := p.detail
	for _, f := range with.fields {
		detail += " " + f.Field + ": " + f.Detail + "."
	}
	return t.sendText(ctx, refusedJSON{Type: "error", Detail: detail})
}
