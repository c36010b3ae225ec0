package api

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// Kinds of events of one session.
const (
	eventScreen = "screen"
	eventOutput = "output"
	eventResize = "resize"
	eventWindow = "window"
	eventResync = "resync"
	eventExit   = "exit"
)

var eventQueries = []string{"pane", "diff", "events"}

// eventOptions are what a client wants to hear.
type eventOptions struct {
	pane string
	diff bool
	kind map[string]bool
}

func eventsQuery(c *gin.Context) (eventOptions, error) {
	chosen := []string{eventScreen, eventOutput, eventResize, eventWindow, eventExit}
	o := eventOptions{kind: map[string]bool{}}
	var fields []session.FieldError
	fail := func(field, detail string) {
		fields = append(fields, session.FieldError{Field: field, Detail: detail})
	}
	if pane, given := c.GetQuery("pane"); given {
		if o.pane = pane; pane == "" {
			fail("pane", emptyPane)
		}
	}
	if diff, given := c.GetQuery("diff"); given {
		if o.diff = diff == "lines"; !o.diff {
			fail("diff", "must be lines")
		}
	}
	if list, given := c.GetQuery("events"); given {
		wanted := strings.Split(list, ",")
		for _, kind := range wanted {
			if !slices.Contains(chosen, kind) {
				fail("events", "must be a list of some of "+strings.Join(chosen, ","))
				break
			}
		}
		chosen = wanted
	}
	for _, kind := range chosen {
		o.kind[kind] = true
	}
	return o, invalid(fields)
}

// sessionEvents streams what happens to a session's screen.
func (s *Server) sessionEvents(_ context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	o, err := eventsQuery(c)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.options.Registry.View(ctx, p, id, o.pane)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	if c.Request.Method == "HEAD" {
		c.Writer.Header()["Content-Type"] = headerEvents
		return nil
	}
	w, err := s.newEventWriter(c)
	if err != nil {
		return nil // the client is gone
	}
	stream := &sessionStream{options: o, interval: s.options.ScreenInterval, viewer: viewer, out: w}
	last, known := parseEventID(c.GetHeader("Last-Event-ID"))
	stream.run(ctx, last, known)
	return nil
}

// sessionStream is one client's stream of one session.
type sessionStream struct {
	options  eventOptions
	interval time.Duration // least between two screens
	viewer   *session.Viewer
	out      *eventWriter

	at     eventID          // what the client has
	screen session.Snapshot // that it has been sent; empty: none on this connection
	panes  []session.Pane
	looked time.Time // when the screen was looked at last
	resync string    // why the next output has to be told to be elsewhere; "": it follows
}

// run tells what happens until the session ends, the client leaves or the
// server stops.
func (t *sessionStream) run(ctx context.Context, last eventID, known bool) {
	err := t.begin(ctx, last, known)
	for err == nil {
		changes := t.viewer.Changes()
		var next wake
		if next, err = t.tell(ctx); err == nil {
			err = t.out.wait(ctx, changes, next)
		}
	}
	if errors.Is(err, session.ErrNotFound) && t.options.pane != "" {
		if _, panesErr := t.viewer.Panes(ctx); panesErr == nil {
			err = &goneError{status: paneClosed}
		}
	}
	var gone *goneError
	switch err := heldError(ctx, err); {
	case errors.As(err, &gone):
		_ = t.out.event(eventExit, "", map[string]string{"status": gone.status})
	case errors.Is(err, errStopping):
		_ = t.out.comment("stopping")
	}
}

// begin finds the place from which to go on.
func (t *sessionStream) begin(ctx context.Context, last eventID, known bool) error {
	cursor, err := t.viewer.Listen(ctx)
	if err != nil {
		return err
	}
	t.at.cursor = cursor
	if !known {
		return nil
	}
	if _, _, _, err := t.viewer.Output(last.cursor, 0); err == nil {
		t.at = last
	} else {
		t.resync = "the output since is not kept"
	}
	return nil
}

// paneClosed is the status at the end of a stream of one pane whose session
// goes on.
const paneClosed = "pane-closed"

// tell sends what the client has not got, and returns when there may be more.
// That tmux cannot be reached for a moment is nothing to tell.
func (t *sessionStream) tell(ctx context.Context) (next wake, err error) {
	if err := t.tellPanes(ctx); err != nil {
		return next, unlessBusy(err)
	}
	if next.more, err = t.tellOutput(ctx); err != nil {
		return next, unlessBusy(err)
	}
	if wait := t.interval - time.Since(t.looked); wait > 0 {
		next.after = wait
		return next, nil
	}
	t.looked = time.Now()
	waited := t.resync != ""
	err = t.tellScreen(ctx)
	if waited && t.resync == "" {
		next.more = alreadyMore // the output that waited
	}
	return next, unlessBusy(err)
}

// outputPieces bounds how much output goes out before the screen is looked at.
const outputPieces = 16

// tellOutput sends output, and returns a channel that is closed when there is
// more. What is elsewhere than the client thinks waits until it has been told.
func (t *sessionStream) tellOutput(ctx context.Context) (more <-chan struct{}, err error) {
	for range outputPieces {
		if t.resync != "" {
			return nil, nil
		}
		data, next, more, err := t.viewer.Output(t.at.cursor, outputPiece)
		switch {
		case errors.Is(err, session.ErrGap):
			if err := t.skip(ctx); err != nil {
				return nil, err
			}
			continue
		case err != nil:
			return nil, err
		case len(data) == 0:
			return more, nil
		}
		from := t.at.cursor.Offset
		t.at.cursor = next
		if t.options.kind[eventOutput] {
			if err := t.out.event(eventOutput, t.at.String(), outputJSON{Pane: next.Pane, Offset: from, Data: data}); err != nil {
				return nil, err
			}
		}
	}
	return alreadyMore, nil
}

// alreadyMore is closed.
var alreadyMore = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// outputPiece is the most bytes of one output event.
const outputPiece = 16 << 10

type outputJSON struct {
	Pane   string `json:"pane"`
	Offset uint64 `json:"offset"` // of the first byte
	Data   []byte `json:"data"`
}

// unlessBusy lets a stream wait for tmux.
func unlessBusy(err error) error {
	if errors.Is(err, session.ErrUnavailable) || errors.Is(err, session.ErrOverloaded) {
		return nil
	}
	return err
}

// skip goes on where the output is now: some of it is lost.
func (t *sessionStream) skip(ctx context.Context) error {
	cursor, err := t.viewer.Listen(ctx)
	if err != nil {
		return err
	}
	if cursor.Pane == t.at.cursor.Pane || t.resync != "" {
		t.resync = "some output was not kept"
	} else {
		t.resync = "another pane is active"
	}
	t.at.cursor, t.at.etag, t.screen = cursor, "", session.Snapshot{}
	return nil
}

// tellPanes tells what panes there are, and how large, if that is news.
func (t *sessionStream) tellPanes(ctx context.Context) error {
	panes, err := t.viewer.Panes(ctx)
	if err != nil {
		return err
	}
	before := t.panes
	t.panes = panes
	if before == nil {
		return nil
	}
	was, is := paneIn(before, t.options.pane), paneIn(panes, t.options.pane)
	if t.options.kind[eventWindow] && !sameWindows(before, panes) {
		all := windowsJSON{}
		for _, p := range panes {
			all.Panes = append(all.Panes, newPaneJSON(p))
		}
		if err := t.out.event(eventWindow, t.at.String(), all); err != nil {
			return err
		}
	}
	if t.options.kind[eventResize] && was.ID == is.ID && (was.Width != is.Width || was.Height != is.Height) {
		return t.out.event(eventResize, t.at.String(), resizeJSON{Pane: is.ID, Width: is.Width, Height: is.Height})
	}
	return nil
}

type windowsJSON struct {
	Panes []paneJSON `json:"panes"`
}

type resizeJSON struct {
	Pane   string `json:"pane"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

// paneIn is the pane of that id, the active one if it is empty.
func paneIn(panes []session.Pane, id string) session.Pane {
	for _, p := range panes {
		if p.ID == id || id == "" && p.Active {
			return p
		}
	}
	return session.Pane{}
}

// sameWindows reports whether the panes are the same, in the same windows, and
// the same one is active.
func sameWindows(a, b []session.Pane) bool {
	return slices.EqualFunc(a, b, func(p, q session.Pane) bool {
		return p.ID == q.ID && p.Window == q.Window && p.Active == q.Active && p.Dead == q.Dead
	})
}

// tellScreen tells the screen, if it is news.
func (t *sessionStream) tellScreen(ctx context.Context) error {
	screen, err := t.viewer.Screen(ctx, session.CaptureOptions{})
	if err != nil {
		return err
	}
	if t.resync != "" {
		reason := t.resync
		t.resync = ""
		if err := t.out.event(eventResync, t.at.String(), resyncJSON{Pane: t.at.cursor.Pane, Offset: t.at.cursor.Offset, Reason: reason}); err != nil {
			return err
		}
	}
	if screen.ETag == t.at.etag || !t.options.kind[eventScreen] {
		t.at.etag = screen.ETag
		t.screen = screen
		return nil
	}
	pane := paneIn(t.panes, t.options.pane)
	event := newScreenJSON(pane, screen)
	if t.options.diff && t.screen.ETag != "" {
		if diff, ok := newDiffJSON(pane, t.screen, screen); ok {
			event = diff
		}
	}
	t.at.etag, t.screen = screen.ETag, screen
	return t.out.event(eventScreen, t.at.String(), event)
}

type resyncJSON struct {
	Pane   string `json:"pane"`
	Offset uint64 `json:"offset"`
	Reason string `json:"reason"`
}
