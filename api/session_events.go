package api

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

var eventQueries = []string{"pane", "diff", "events"}

// eventOptions choose the events that a client wants.
type eventOptions struct {
	pane string // "" for the active one
	diff bool
	kind map[string]bool
}

func eventsQuery(c *gin.Context) (eventOptions, error) {
	chosen := []string{eventScreen, eventOutput, eventResize, eventWindow, eventExit}
	o := eventOptions{kind: map[string]bool{}}
	q := query{c: c}
	q.pane(&o.pane)
	q.read("diff", func(text string) bool { o.diff = text == "lines"; return o.diff }, "must be lines")
	q.read("events", func(list string) bool {
		known := chosen
		chosen = strings.Split(list, ",")
		return !slices.ContainsFunc(chosen, func(kind string) bool { return !slices.Contains(known, kind) })
	}, "must be a list of some of "+strings.Join(chosen, ","))
	for _, kind := range chosen {
		o.kind[kind] = true
	}
	return o, q.done()
}

// sessionEvents streams the changes of a session's screen, output and windows.
func (s *Server) sessionEvents(_ context.Context, c *gin.Context, p session.Principal, at target) error {
	o, err := eventsQuery(c)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.options.Registry.View(ctx, p, at.session, o.pane)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	if c.Request.Method == http.MethodHead {
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
	interval time.Duration // minimum between two screens
	viewer   *live.Viewer
	out      *eventWriter

	at       eventID          // the position that the client has received
	screen   session.Snapshot // the last that was sent on this connection; zero before the first
	panes    []session.Pane   // the last that were compared
	lookedAt time.Time        // when the screen was last read
	// resync is the reason why the output does not follow what the client has. It
	// is "" if the output follows. No output is sent before the resync event.
	resync string
}

// run sends events until the session ends, the client leaves or the server stops.
func (t *sessionStream) run(ctx context.Context, last eventID, known bool) {
	err := t.begin(ctx, last, known)
	for err == nil {
		changes := t.viewer.Changes()
		var next wake
		if next, err = t.sendNews(ctx); err == nil {
			err = t.out.wait(ctx, changes, next)
		}
	}
	if t.options.pane != "" {
		err = paneError(ctx, t.viewer, err)
	}
	var gone *goneError
	switch err := heldError(ctx, err); {
	case errors.As(err, &gone):
		_ = t.out.event(eventExit, "", map[string]string{"status": gone.status})
	case errors.Is(err, errStopping):
		_ = t.out.comment("stopping")
	}
}

// begin finds the position from which to continue: the one that the client
// knows, if its output is still buffered, or else the current end.
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

// sendNews sends all that is new, and returns when to call it again. It ignores
// that tmux cannot be reached for a moment.
func (t *sessionStream) sendNews(ctx context.Context) (next wake, err error) {
	if err := t.sendPanes(ctx); err != nil {
		return next, unlessTransient(err)
	}
	if next.more, err = t.sendOutput(ctx); err != nil {
		return next, unlessTransient(err)
	}
	if wait := t.interval - time.Since(t.lookedAt); wait > 0 {
		next.after = wait
		return next, nil
	}
	t.lookedAt = time.Now()
	waited := t.resync != ""
	err = t.sendScreen(ctx)
	if waited && t.resync == "" {
		next.more = closedChannel // the output that waited for the resync
	}
	return next, unlessTransient(err)
}

const (
	// outputPieces bounds how many output events are sent before the screen is
	// read.
	outputPieces = 16
	// outputPiece bounds one output event, in bytes.
	outputPiece = 16 << 10
)

// sendOutput sends output events, and returns a channel that is closed when there
// is more. While a resync is due it sends nothing.
func (t *sessionStream) sendOutput(ctx context.Context) (more <-chan struct{}, err error) {
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
	return closedChannel, nil
}

// skip moves to the current end of the output, as some of it is lost.
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

// sendPanes sends a window event if the panes changed, and a resize event if
// the watched pane's size did. Its first call only notes them.
func (t *sessionStream) sendPanes(ctx context.Context) error {
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

// paneIn returns the pane with that id, the active one for "".
func paneIn(panes []session.Pane, id string) session.Pane {
	for _, p := range panes {
		if p.ID == id || id == "" && p.Active {
			return p
		}
	}
	return session.Pane{}
}

// sameWindows reports whether the panes are the same, in the same windows, with
// the same one active and the same ones dead.
func sameWindows(a, b []session.Pane) bool {
	return slices.EqualFunc(a, b, func(p, q session.Pane) bool {
		return p.ID == q.ID && p.Window == q.Window && p.Active == q.Active && p.Dead == q.Dead
	})
}

// sendScreen sends the resync event that is due, and a screen event if the
// screen changed.
func (t *sessionStream) sendScreen(ctx context.Context) error {
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
