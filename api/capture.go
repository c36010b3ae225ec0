package api

import (
	"context"
	"errors"
	"net/http"
	"regexp"
	"runtime"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

func (s *Server) captureByQuery(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	var r captureRequest
	if c.Request.URL.RawQuery != "" {
		if r, err = captureQuery(c); err != nil {
			return err
		}
		if r.streams() {
			return s.captureLines(ctx, c, p, id, r.linesOptions())
		}
	}
	if r.wait > 0 {
		return s.awaitScreen(c, p, id, r)
	}
	screen, err := s.options.Registry.Screen(ctx, p, id, r.CaptureOptions)
	if err != nil {
		return err
	}
	return writeConditional(c, r.Format, screen)
}

// awaitScreen holds the request until the screen is not a known one or the time
// is up, and answers it.
func (s *Server) awaitScreen(c *gin.Context, p session.Principal, id int64, r captureRequest) error {
	ctx, release := s.hold(c)
	defer release()
	viewer, err := s.options.Registry.ViewAs(ctx, p, id, r.CaptureOptions)
	if err != nil {
		return viewError(ctx, err)
	}
	defer viewer.Close()
	known := ifNoneMatch(c.Request)
	var last session.Snapshot
	timed, cancel := context.WithTimeout(ctx, r.wait)
	defer cancel()
	screen, err := viewer.Next(timed, r.CaptureOptions, func(etag string) bool {
		last.ETag = etag
		return known.match(etag)
	})
	if err != nil && ctx.Err() == nil && errors.Is(err, context.DeadlineExceeded) {
		if last.ETag != "" {
			screen, err = last, nil // the caller knows its text
		} else { // the wait was shorter than a look takes: it is answered like none
			screen, err = viewer.Screen(ctx, r.CaptureOptions)
		}
	}
	if err != nil {
		return heldError(ctx, err)
	}
	if err := writeConditional(c, r.Format, screen); err != nil {
		return err
	}
	// One change answers all who wait for it. This answer leaves now and lets theirs
	// leave, too, before anyone tidies up and listens for the next request.
	c.Writer.Flush()
	runtime.Gosched()
	return nil
}

// writeConditional is writeScreen for a request that may know the screen
// already.
func writeConditional(c *gin.Context, f session.Format, screen session.Snapshot) error {
	c.Writer.Header()["Cache-Control"] = headerRevalidate
	return writeScreen(c, f, screen, ifNoneMatch(c.Request).match(screen.ETag))
}

func (s *Server) captureByBody(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	r, err := captureBody(body)
	if err != nil {
		return err
	}
	if r.streams() {
		return s.captureLines(ctx, c, p, id, r.linesOptions())
	}
	screen, err := s.options.Registry.Screen(ctx, p, id, r.CaptureOptions)
	if err != nil {
		return err
	}
	return writeScreen(c, r.Format, screen, false)
}

// writeScreen answers with the screen, or without it when the client has it.
func writeScreen(c *gin.Context, f session.Format, screen session.Snapshot, known bool) error {
	exchangeOf(c).setHeader("Etag", etagValue, screen.ETag)
	if known {
		c.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	if f == session.HTML || f == session.SVG {
		c.Writer.Header()["Content-Security-Policy"] = headerInert
	}
	return write(c, http.StatusOK, screenTypes[f], screen.Text)
}

// screenTypes are the media types of a screen's formats.
var screenTypes = [...][]string{
	session.Text: headerText, session.JSON: headerJSON, session.HTML: {"text/html; charset=utf-8"},
	session.SVG: {"image/svg+xml"}, session.PNG: {"image/png"},
}

// headerInert: what a program printed runs nothing and loads nothing, whatever it
// is.
var headerInert = []string{"default-src 'none'; style-src 'unsafe-inline'; sandbox"}

// maxWait bounds how long a request is held.
const maxWait = 60 * time.Second

var waitForm = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,9})?$`)

// parseWait reads seconds.
func parseWait(text string) (time.Duration, bool) {
	if !waitForm.MatchString(text) {
		return 0, false
	}
	wait, err := time.ParseDuration(text + "s")
	return wait, err == nil && wait <= maxWait
}

const emptyPane = "must be a pane's id such as %5"

// takePane refuses an empty id: the domain would take it for the active pane,
// and a client that lost the id it meant must not type into another one.
func takePane(body *object) string {
	pane := body.text("pane")
	if pane == nil {
		return ""
	}
	if *pane == "" {
		body.fail("pane", emptyPane)
	}
	return *pane
}
