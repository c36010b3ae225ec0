package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"

	"github.com/coder/websocket"
)

const (
	subprotocol = "interplexer.v1"
	// maxFrame bounds what the service sends at once.
	maxFrame = 16 << 20
	// typedFrame bounds what is typed at once.
	typedFrame = 64 << 10
)

// AttachOptions choose what Attach attaches to; the zero value is the active
// pane, whichever it is.
type AttachOptions struct {
	Pane string // "%5"
	View bool   // look only
}

// Event is one thing that an attached terminal is told.
type Event interface{ event() }

type (
	// Ready is the first: what is attached.
	Ready struct {
		Pane          string `json:"pane"`
		Width, Height int
	}
	// Output is for the terminal: a picture of the screen after Ready and
	// Resync, and what the program writes.
	Output []byte
	// Resized: the pane has another size.
	Resized struct {
		Pane          string `json:"pane"`
		Width, Height int
	}
	// Resync: output was lost, or another pane is shown; a picture follows.
	Resync struct {
		Pane string `json:"pane"`
	}
	// Refused: what was sent changed nothing.
	Refused struct {
		Detail string `json:"detail"`
	}
	// Exit is the last: how the session ended.
	Exit struct {
		Status string `json:"status"`
	}
)

func (Ready) event()   {}
func (Output) event()  {}
func (Resized) event() {}
func (Resync) event()  {}
func (Refused) event() {}
func (Exit) event()    {}

// Terminal is attached to a session. One goroutine calls Next; the others may be
// called beside it.
type Terminal struct{ conn *websocket.Conn }

// Attach attaches to a session's pane. Close the Terminal when done; it outlives
// ctx.
func (s *Service) Attach(ctx context.Context, id int64, o AttachOptions) (*Terminal, error) {
	query := url.Values{}
	if o.Pane != "" {
		query.Set("pane", o.Pane)
	}
	if o.View {
		query.Set("mode", "view")
	}
	at := s.base.JoinPath("api", "sessions", strconv.FormatInt(id, 10), "attach")
	at.RawQuery = query.Encode()
	conn, response, err := websocket.Dial(ctx, at.String(), &websocket.DialOptions{
		HTTPClient: s.http, HTTPHeader: http.Header{"Authorization": {"Bearer " + s.token}}, Subprotocols: []string{subprotocol},
	})
	if err != nil {
		return nil, attachError(response, err)
	}
	conn.SetReadLimit(maxFrame)
	return &Terminal{conn: conn}, nil
}

// attachError is the service's own, where it has given one.
func attachError(r *http.Response, err error) error {
	if r != nil && r.Body != nil && r.StatusCode >= 400 {
		e := &Error{}
		if json.NewDecoder(r.Body).Decode(&e.Problem) == nil && e.Problem.Status != 0 {
			return e
		}
	}
	return fmt.Errorf("client: attach: %w", err)
}

// ErrStopping is how a Terminal ends when the service stops; the session goes on.
var ErrStopping = errors.New("client: the service is stopping")

// Next waits for the next event. After Exit, or an error, there is none. If ctx
// ends first the Terminal is closed.
func (t *Terminal) Next(ctx context.Context) (Event, error) {
	for {
		kind, data, err := t.conn.Read(ctx)
		switch {
		case websocket.CloseStatus(err) == websocket.StatusGoingAway:
			return nil, ErrStopping
		case err != nil:
			return nil, fmt.Errorf("client: attached: %w", err)
		case kind == websocket.MessageBinary:
			return Output(data), nil
		}
		e, err := eventOf(data)
		if e != nil || err != nil {
			return e, err
		}
	}
}

// eventOf reads a text frame; nil for one of a kind that came later than this.
func eventOf(text []byte) (Event, error) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("client: attached: %w", err)
	}
	switch kind.Type {
	case "ready":
		return read[Ready](text)
	case "resize":
		return read[Resized](text)
	case "resync":
		return read[Resync](text)
	case "error":
		return read[Refused](text)
	case "exit":
		return read[Exit](text)
	}
	return nil, nil
}

func read[E Event](text []byte) (Event, error) {
	var e E
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("client: attached: %w", err)
	}
	return e, nil
}

// Type types bytes.
func (t *Terminal) Type(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), typedFrame)
		if err := t.conn.Write(ctx, websocket.MessageBinary, p[:n]); err != nil {
			return fmt.Errorf("client: type: %w", err)
		}
		p = p[n:]
	}
	return nil
}

// Resize gives the session's current window a size in cells.
func (t *Terminal) Resize(ctx context.Context, width, height int) error {
	text, err := json.Marshal(map[string]any{"type": "resize", "width": width, "height": height})
	if err == nil {
		err = t.conn.Write(ctx, websocket.MessageText, text)
	}
	if err != nil {
		return fmt.Errorf("client: resize: %w", err)
	}
	return nil
}

// Close detaches; the session goes on.
func (t *Terminal) Close() error { return t.conn.Close(websocket.StatusNormalClosure, "") }
