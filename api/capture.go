package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

func (s *Server) captureByQuery(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	var r captureRequest
	if c.Request.URL.RawQuery != "" {
		var err error
		if r, err = captureQuery(c); err != nil {
			return err
		}
		if r.streams() {
			return s.captureLines(ctx, c, p, at.session, r.linesOptions())
		}
	}
	if r.wait > 0 {
		return s.awaitScreen(c, p, at.session, r)
	}
	screen, err := s.options.Registry.Screen(ctx, p, at.session, r.CaptureOptions)
	if err != nil {
		return err
	}
	return writeConditional(c, r.Format, screen)
}

func (s *Server) captureByBody(ctx context.Context, c *gin.Context, p session.Principal, at target, r captureRequest) error {
	if r.streams() {
		return s.captureLines(ctx, c, p, at.session, r.linesOptions())
	}
	screen, err := s.options.Registry.Screen(ctx, p, at.session, r.CaptureOptions)
	if err != nil {
		return err
	}
	return writeScreen(c, r.Format, screen, false)
}

// awaitScreen holds the request until the screen differs from those that the
// client knows by If-None-Match, or until the time is up.
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
			screen, err = last, nil // the client knows the text: it gets a 304
		} else { // the time was up before the first capture: answer as without wait
			screen, err = viewer.Screen(ctx, r.CaptureOptions)
		}
	}
	if err != nil {
		return heldError(ctx, err)
	}
	if err := writeConditional(c, r.Format, screen); err != nil {
		return err
	}
	flushAndYield(c)
	return nil
}

// captureLines streams lines of a pane's history and screen as they come from
// tmux. The response has no ETag, since the text is not known when it begins.
func (s *Server) captureLines(ctx context.Context, c *gin.Context, p session.Principal, id int64, o session.LinesOptions) error {
	err := s.options.Registry.Lines(ctx, p, id, o, func(piece []byte) error {
		if !c.Writer.Written() {
			c.Writer.Header()["Content-Type"] = headerText
			c.Writer.WriteHeader(http.StatusOK)
		}
		if _, err := c.Writer.Write(piece); err != nil {
			return errors.Join(context.Canceled, err) // the client is gone
		}
		return nil
	})
	switch {
	case err != nil && c.Writer.Written():
		if x := requestStateOf(c); !errors.Is(err, context.Canceled) { // a client that left is not an error
			s.logger.LogAttrs(ctx, slog.LevelWarn, "capture cut off",
				slog.String("route", x.route), slog.String("request_id", x.id), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler) // cut the connection: a normal end would make the response look complete
	case err == nil && !c.Writer.Written(): // there were only blank lines, and trim left them out
		return write(c, http.StatusOK, headerText, nil)
	}
	return err
}

// writeConditional is writeScreen for a request with If-None-Match.
func writeConditional(c *gin.Context, f session.Format, screen session.Snapshot) error {
	c.Writer.Header()["Cache-Control"] = headerRevalidate
	return writeScreen(c, f, screen, ifNoneMatch(c.Request).match(screen.ETag))
}

// writeScreen answers with the screen, or with 304 if the client knows it.
func writeScreen(c *gin.Context, f session.Format, screen session.Snapshot, known bool) error {
	requestStateOf(c).setHeader("Etag", etagSlot, screen.ETag)
	if known {
		c.Writer.WriteHeader(http.StatusNotModified)
		return nil
	}
	if f == session.HTML || f == session.SVG {
		c.Writer.Header()["Content-Security-Policy"] = headerInert
	}
	return write(c, http.StatusOK, screenTypes[f], screen.Text)
}

// screenTypes are the media types of the formats.
var screenTypes = [...][]string{
	session.Text: headerText, session.JSON: headerJSON, session.HTML: {"text/html; charset=utf-8"},
	session.SVG: {"image/svg+xml"}, session.PNG: {"image/png"},
}
