package api

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/gin-gonic/gin"
	"golang.org/x/sync/errgroup"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

const (
	// subprotocol names the meaning of the frames.
	subprotocol = "interplexer.v1"
	// maxFrame bounds a frame from the client, in bytes.
	maxFrame = 1 << 20
	// outputFrame bounds a frame to the client, in bytes.
	outputFrame = 32 << 10
)

// attach connects a terminal to a session's pane over a WebSocket (RFC 6455):
// binary frames carry the terminal's bytes, text frames carry JSON.
func (s *Server) attach(_ context.Context, c *gin.Context, p session.Principal, at target) error {
	pane, view, err := attachQuery(c)
	if err != nil {
		return err
	}
	s.background.add() // before http.Server loses the connection
	defer s.background.done()
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.options.Registry.View(ctx, p, at.session, pane)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	if err := checkUpgrade(c.Request); err != nil {
		return err
	}
	conn, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil // Accept has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxFrame)
	(&terminal{server: s, principal: p, id: at.session, pane: pane, view: view, viewer: viewer, conn: conn}).run(ctx)
	return nil
}

func attachQuery(c *gin.Context) (pane string, view bool, err error) {
	q := query{c: c}
	q.pane(&pane)
	q.read("mode", func(mode string) bool { view = mode == "view"; return view || mode == "edit" }, "must be edit or view")
	return pane, view, q.done()
}

// checkUpgrade refuses requests that cannot become a WebSocket of ours, while the
// response can still be a problem.
func checkUpgrade(r *http.Request) error {
	if !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket") ||
		r.Header.Get("Sec-Websocket-Version") != "13" || r.Method != http.MethodGet {
		return errNoUpgrade
	}
	if key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key")); err != nil || len(key) != 16 {
		return badRequest("Sec-WebSocket-Key must be 16 bytes in base64.")
	}
	// A browser lets any page open a WebSocket, and sends credentials that the
	// page does not know. It also sends the page's origin.
	if origin := r.Header.Get("Origin"); origin != "" {
		from, err := url.Parse(origin)
		if err != nil || !strings.EqualFold(from.Host, r.Host) {
			return errCrossOrigin
		}
	}
	if offered := r.Header["Sec-Websocket-Protocol"]; len(offered) > 0 && !hasToken(offered, subprotocol) {
		return errSubprotocol
	}
	return nil
}

// hasToken looks for a token in a header that is a list of tokens.
func hasToken(lines []string, token string) bool {
	for _, line := range lines {
		for one := range strings.SplitSeq(line, ",") {
			if strings.EqualFold(strings.Trim(one, " \t"), token) {
				return true
			}
		}
	}
	return false
}

// terminal is one attached client.
type terminal struct {
	server    *Server
	principal session.Principal
	id        int64
	pane      string // "" for the active one
	view      bool   // the client may not type or resize
	viewer    *live.Viewer
	conn      *websocket.Conn
	fresh     bool // no output was sent since the repaint; used by sendScreens only
}

// run serves the client until the session ends, either side leaves, or the
// server stops.
func (t *terminal) run(ctx context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	// A read whose context ends closes the connection without a close frame. So
	// this one ends when the last goroutine has closed the connection.
	group.Go(func() error { return t.receive(context.WithoutCancel(ctx)) })
	group.Go(func() error { return t.keepAlive(ctx) })
	group.Go(func() error {
		err := heldError(ctx, t.sendScreens(ctx))
		if _, endErr := t.viewer.Panes(context.WithoutCancel(ctx)); endErr != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
			err = heldError(ctx, endErr) // the end of the session is why the rest failed
		}
		t.sendEnd(err)
		_ = t.conn.CloseNow()
		return err
	})
	_ = group.Wait() // the client knows the error, or is gone
}

// sendEnd tells the client why the connection ends, and closes it.
func (t *terminal) sendEnd(err error) {
	var gone *goneError
	switch {
	case errors.As(err, &gone):
		_ = t.sendText(context.Background(), exitJSON{Type: "exit", Status: gone.status})
		_ = t.conn.Close(websocket.StatusNormalClosure, gone.status)
	case errors.Is(err, errStopping):
		_ = t.conn.Close(websocket.StatusGoingAway, "server is stopping")
	}
}

// keepAlive pings the client. It ends with the first ping that the client does
// not answer within StuckTime.
func (t *terminal) keepAlive(ctx context.Context) error {
	ticker := time.NewTicker(keepAlive)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-ticker.C:
		}
		bounded, cancel := context.WithTimeout(ctx, t.server.options.StuckTime)
		err := t.conn.Ping(bounded)
		cancel()
		if err != nil {
			return err
		}
	}
}
