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
	"interplexer/api/session/live"
)

var outputQueries = []string{"since", "pane", "wait"}

// maxOutput bounds one response, in bytes. It is the size of a pane's output
// buffer.
const maxOutput = 256 << 10

type outputOptions struct {
	pane  string
	since session.Cursor // zero if it was not given
	wait  time.Duration
}

func outputQuery(c *gin.Context) (o outputOptions, err error) {
	q := query{c: c}
	q.pane(&o.pane)
	since := q.read("since", func(text string) (ok bool) { o.since, ok = parseCursor(text); return ok },
		"must be a cursor that an answer gave, or the id of an event")
	if waits := q.seconds("wait", &o.wait); waits && !since {
		q.fail("wait", "goes only with since")
	}
	return o, q.done()
}

// cursorText writes a cursor. It is the beginning of an event's id.
func cursorText(c session.Cursor) string {
	return strings.TrimSuffix(eventID{cursor: c}.String(), ".")
}

// parseCursor reads a cursor or the id of an event.
func parseCursor(text string) (session.Cursor, bool) {
	id, ok := parseEventID(text)
	if !ok {
		id, ok = parseEventID(text + ".")
	}
	return id.cursor, ok
}

// output answers with the bytes that a pane's program wrote since a cursor.
func (s *Server) output(_ context.Context, c *gin.Context, p session.Principal, at target) error {
	o, err := outputQuery(c)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.viewOutput(ctx, p, at.session, o)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	data, from, next, err := s.readOutput(ctx, viewer, o)
	switch {
	case errors.Is(err, session.ErrGap):
		return errOutputGone
	case err != nil:
		return heldError(ctx, paneError(ctx, viewer, err))
	}
	return writeOutput(c, data, from, next)
}

// viewOutput returns a viewer of the pane that the query names, else of the
// cursor's pane, else of the active one. If the session does not have the
// cursor's pane, the error is errOutputGone.
func (s *Server) viewOutput(ctx context.Context, p session.Principal, id int64, o outputOptions) (*live.Viewer, error) {
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

// readOutput reads the output after the cursor. It blocks until there is some, or
// until the time is up. Without a cursor it returns the current end of the
// output and no data.
func (s *Server) readOutput(ctx context.Context, v *live.Viewer, o outputOptions) (data []byte, from, next session.Cursor, err error) {
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
		case <-changes: // the pane may be gone; the next Output tells
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

// prefersBytes reports whether Accept names bytes before JSON.
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
