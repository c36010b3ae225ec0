package api

import (
	"context"
	"errors"
	"mime"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

var outputQueries = []string{"since", "pane", "wait"}

// errOutputGone: what came after a cursor is not kept any more, or the cursor is
// of another pane or of another life of the server.
var errOutputGone = errors.New("api: output is gone")

// maxOutput is the most bytes of one answer: all that is kept of a pane.
const maxOutput = 256 << 10

type outputOptions struct {
	pane  string
	since session.Cursor // zero: not given
	wait  time.Duration
}

func outputQuery(c *gin.Context) (o outputOptions, err error) {
	var fields []session.FieldError
	fail := func(field, detail string) {
		fields = append(fields, session.FieldError{Field: field, Detail: detail})
	}
	if pane, given := c.GetQuery("pane"); given {
		if o.pane = pane; pane == "" {
			fail("pane", emptyPane)
		}
	}
	since, given := c.GetQuery("since")
	if given {
		var ok bool
		if o.since, ok = parseCursor(since); !ok {
			fail("since", "must be a cursor that an answer gave, or the id of an event")
		}
	}
	if text, wanted := c.GetQuery("wait"); wanted {
		var ok bool
		if o.wait, ok = parseWait(text); !ok {
			fail("wait", "must be seconds from 0 to 60, such as 2.5")
		}
		if !given {
			fail("wait", "goes only with since")
		}
	}
	return o, invalid(fields)
}

// cursorText is a place in a pane's output, as an event's id begins.
func cursorText(c session.Cursor) string {
	return strings.TrimSuffix(eventID{cursor: c}.String(), ".")
}

// parseCursor reads a cursor, or the id of an event.
func parseCursor(text string) (session.Cursor, bool) {
	id, ok := parseEventID(text)
	if !ok {
		id, ok = parseEventID(text + ".")
	}
	return id.cursor, ok
}

// output answers with what a pane's program wrote since a cursor.
func (s *Server) output(_ context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	o, err := outputQuery(c)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.viewOutput(ctx, p, id, o)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	data, from, next, err := s.readOutput(ctx, viewer, o)
	switch {
	case errors.Is(err, session.ErrGap):
		return errOutputGone
	case errors.Is(err, session.ErrNotFound):
		if _, panesErr := viewer.Panes(ctx); panesErr == nil {
			return &goneError{status: paneClosed}
		}
		return heldError(ctx, err)
	case err != nil:
		return heldError(ctx, err)
	}
	return writeOutput(c, data, from, next)
}

// viewOutput looks at the pane that is named, else at the cursor's, else at the
// active one. A cursor of a pane that the session does not have leads nowhere.
func (s *Server) viewOutput(ctx context.Context, p session.Principal, id int64, o outputOptions) (*session.Viewer, error) {
	if o.pane != "" || o.since.Pane == "" {
		return s.options.Registry.View(ctx, p, id, o.pane)
	}
	viewer, err := s.options.Registry.View(ctx, p, id, o.since.Pane)
	if !errors.Is(err, session.ErrNotFound) {
		return viewer, err
	}
	if viewer, err = s.options.Registry.View(ctx, p, id, ""); err != nil {
		return nil, err
	}
	viewer.Close()
	return nil, errOutputGone
}

// readOutput reads from the cursor on, and holds the request until there is
// something or the time is up. Without a cursor it only finds out where now is.
func (s *Server) readOutput(ctx context.Context, v *session.Viewer, o outputOptions) (data []byte, from, next session.Cursor, err error) {
	if o.since.Pane == "" {
		listening, cancel := context.WithTimeout(ctx, s.options.RequestTimeout)
		defer cancel()
		from, err = v.Listen(listening)
		return nil, from, from, err
	}
	timer := time.NewTimer(o.wait)
	defer timer.Stop()
	for over := o.wait == 0; ; {
		changes := v.Changes()
		data, next, more, err := v.Output(o.since, maxOutput)
		if err != nil || len(data) > 0 || over {
			return data, o.since, next, err
		}
		select {
		case <-more:
		case <-changes: // the pane may be gone
		case <-timer.C:
			over = true
		case <-ctx.Done():
			return nil, o.since, o.since, ctx.Err()
		}
	}
}

type outputSinceJSON struct {
	Pane   string `json:"pane"`
	Offset uint64 `json:"offset"` // of the first byte
	Next   string `json:"next"`
	Data   []byte `json:"data"`
}

func writeOutput(c *gin.Context, data []byte, from, next session.Cursor) error {
	h := c.Writer.Header()
	h["Vary"] = []string{"Accept"}
	if !prefersBytes(c.Request.Header["Accept"]) {
		return writeJSON(c, http.StatusOK, outputSinceJSON{
			Pane: from.Pane, Offset: from.Offset, Next: cursorText(next), Data: append([]byte{}, data...),
		})
	}
	h["Output-Pane"] = []string{from.Pane}
	h["Output-Offset"] = []string{strconv.FormatUint(from.Offset, 10)}
	h["Output-Next"] = []string{cursorText(next)}
	return write(c, http.StatusOK, headerBytes, data)
}

var headerBytes = []string{"application/octet-stream"}

// prefersBytes reports whether a client asks for bytes before it asks for JSON.
func prefersBytes(accept []string) bool {
	for _, part := range strings.Split(strings.Join(accept, ","), ",") {
		kind, parameters, err := mime.ParseMediaType(strings.TrimSpace(part))
		if err != nil || parameters["q"] == "0" {
			continue
		}
		switch kind {
		case headerBytes[0]:
			return true
		case headerJSON[0]:
			return false
		}
	}
	return false
}
