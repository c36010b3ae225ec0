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
	// maxFrame is the largest frame, in bytes, that is read from the service.
	maxFrame = 16 << 20
	// maxInput is the largest frame, in bytes, that is sent.
	maxInput = 64 << 10
)

// AttachOptions are the options of Attach. The zero value attaches to the active
// pane, even when that changes.
type AttachOptions struct {
	Pane string // such as "%5"
	View bool   // read-only: Type and Resize are refused
}

// Event is an event of an attached terminal: Ready, Output, Resized, Resync,
// Refused or Exit.
type Event interface{ event() }

type (
	// Ready is the first event. It names the attached pane.
	Ready struct {
		Pane          string `json:"pane"`
		Width, Height int
	}
	// Output is to be written to the terminal. After Ready and Resync it redraws
	// the whole screen; after that it is the output of the program.
	Output []byte
	// Resized says that the pane has another size.
	Resized struct {
		Pane          string `json:"pane"`
		Width, Height int
	}
	// Resync says that output was lost or that another pane is shown. An Output
	// that redraws the screen follows.
	Resync struct {
		Pane string `json:"pane"`
	}
	// Refused says that Type or Resize changed nothing, and why.
	Refused struct {
		Detail string `json:"detail"`
	}
	// Exit is the last event. Its status is that of the session.
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

// Terminal is attached to a session. Only one goroutine may call Next at a time. The
// other methods are safe for concurrent use.
type Terminal struct{ conn *websocket.Conn }

// Attach attaches to a session's pane over a WebSocket. ctx bounds only the
// connection attempt. The caller must Close the Terminal.
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

// attachError returns the problem of the response to the WebSocket handshake, and
// err when that has none.
func attachError(r *http.Response, err error) error {
	if r != nil && r.Body != nil && r.StatusCode >= 400 {
		e := &Error{}
		if json.NewDecoder(r.Body).Decode(&e.Problem) == nil && e.Problem.Status != 0 {
			return e
		}
	}
	return fmt.Errorf("client: attach: %w", err)
}

// ErrStopping is the error of Next when the service stops. The session goes on.
var ErrStopping = errors.New("client: the service is stopping")

// Next blocks until the next event. After Exit, and after an error, it returns only
// errors. If ctx ends first, the Terminal is closed. Next skips events of kinds
// that this client does not know.
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
		e, err := parseEvent(data)
		if e != nil || err != nil {
			return e, err
		}
	}
}

// parseEvent parses a text frame. It returns nil for an unknown kind, which a newer
// service may send.
func parseEvent(text []byte) (Event, error) {
	var kind struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(text, &kind); err != nil {
		return nil, fmt.Errorf("client: attached: %w", err)
	}
	switch kind.Type {
	case "ready":
		return unmarshalEvent[Ready](text)
	case "resize":
		return unmarshalEvent[Resized](text)
	case "resync":
		return unmarshalEvent[Resync](text)
	case "error":
		return unmarshalEvent[Refused](text)
	case "exit":
		return unmarshalEvent[Exit](text)
	}
	return nil, nil
}

func unmarshalEvent[E Event](text []byte) (Event, error) {
	var e E
	if err := json.Unmarshal(text, &e); err != nil {
		return nil, fmt.Errorf("client: attached: %w", err)
	}
	return e, nil
}

// Type types bytes into the pane.
func (t *Terminal) Type(ctx context.Context, p []byte) error {
	for len(p) > 0 {
		n := min(len(p), maxInput)
		if err := t.conn.Write(ctx, websocket.MessageBinary, p[:n]); err != nil {
			return fmt.Errorf("client: type: %w", err)
		}
		p = p[n:]
	}
	return nil
}

// Resize sets the size of the session's current window, in columns and lines.
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

// Close detaches. The session goes on.
func (t *Terminal) Close() error { return t.conn.Close(websocket.StatusNormalClosure, "") }
