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
)

const (
	// subprotocol names what the frames of an attach mean.
	subprotocol = "interplexer.v1"
	// maxFrame bounds a frame from the client, in bytes.
	maxFrame = 1 << 20
	// outputFrame bounds a frame to the client.
	outputFrame = 32 << 10
)

// attach connects a terminal to a session's pane over a WebSocket (RFC 6455):
// binary frames are the terminal's bytes, text frames are JSON.
func (s *Server) attach(_ context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	pane, view, err := attachQuery(c)
	if err != nil {
		return err
	}
	s.attached.Add(1) // before the connection is taken from http.Server
	defer s.attached.Done()
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.options.Registry.View(ctx, p, id, pane)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	if err := checkUpgrade(c.Request); err != nil {
		return err
	}
	conn, err := websocket.Accept(c.Writer, c.Request, &websocket.AcceptOptions{Subprotocols: []string{subprotocol}})
	if err != nil {
		return nil // it has answered
	}
	defer conn.CloseNow()
	conn.SetReadLimit(maxFrame)
	(&terminal{server: s, principal: p, id: id, pane: pane, view: view, viewer: viewer, conn: conn}).run(ctx)
	return nil
}

func attachQuery(c *gin.Context) (pane string, view bool, err error) {
	var fields []session.FieldError
	if text, given := c.GetQuery("pane"); given {
		if pane = text; pane == "" {
			fields = append(fields, session.FieldError{Field: "pane", Detail: emptyPane})
		}
	}
	if mode, given := c.GetQuery("mode"); given {
		if view = mode == "view"; !view && mode != "edit" {
			fields = append(fields, session.FieldError{Field: "mode", Detail: "must be edit or view"})
		}
	}
	return pane, view, invalid(fields)
}

// checkUpgrade refuses what could not become our WebSocket, while a problem can
// still say why.
func checkUpgrade(r *http.Request) error {
	if !hasToken(r.Header["Connection"], "upgrade") || !hasToken(r.Header["Upgrade"], "websocket") ||
		r.Header.Get("Sec-Websocket-Version") != "13" || r.Method != http.MethodGet {
		return errNoUpgrade
	}
	if key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key")); err != nil || len(key) != 16 {
		return badRequest("Sec-WebSocket-Key must be 16 bytes in base64.")
	}
	// A browser sends the page's origin, and credentials that the page need
	// not know.
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

// hasToken looks for one in a header that is a list of tokens.
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
	pane      string // "": the active one
	view      bool   // what it types is refused
	viewer    *session.Viewer
	conn      *websocket.Conn
	fresh     bool // nothing has followed the picture; show's own
}

// run serves the client until the session ends, either side leaves, or the
// server stops.
func (t *terminal) run(ctx context.Context) {
	group, ctx := errgroup.WithContext(ctx)
	// A read that is cut off by its context closes the connection without a
	// word: it ends when show has closed it.
	group.Go(func() error { return t.listen(context.WithoutCancel(ctx)) })
	group.Go(func() error { return t.keepAlive(ctx) })
	group.Go(func() error {
		err := heldError(ctx, t.show(ctx))
		if _, endErr := t.viewer.Panes(context.WithoutCancel(ctx)); endErr != nil && ctx.Err() == nil && !errors.Is(err, errGone) {
			err = heldError(ctx, endErr) // whatever failed first, this is why
		}
		t.leave(err)
		_ = t.conn.CloseNow()
		return err
	})
	_ = group.Wait() // the client has been told, or is gone
}

// leave tells the client why the connection ends.
func (t *terminal) leave(err error) {
	var gone *goneError
	switch {
	case errors.As(err, &gone):
		_ = t.say(context.Background(), exitJSON{Type: "exit", Status: gone.status})
		_ = t.conn.Close(websocket.StatusNormalClosure, gone.status)
	case errors.Is(err, errStopping):
		_ = t.conn.Close(websocket.StatusGoingAway, "server is stopping")
	}
}

// keepAlive pings the client, and ends with the first that is not answered in
// time.
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
