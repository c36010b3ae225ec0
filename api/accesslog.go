package api

import (
	"log/slog"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// maxLoggedPath bounds what a stranger can put into one line of the log.
const maxLoggedPath = 256

// logAccess writes one line per request, never its query or headers: those may
// hold secrets.
func (s *Server) logAccess(c *gin.Context, x *exchange, status int, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case status >= http.StatusInternalServerError:
		level = slog.LevelError
	case x.poll && status < http.StatusBadRequest:
		level = slog.LevelDebug
	}
	ctx := c.Request.Context()
	if !s.logger.Enabled(ctx, level) {
		return
	}
	path := c.Request.URL.Path
	if len(path) > maxLoggedPath {
		path = path[:maxLoggedPath]
	}
	s.logger.LogAttrs(ctx, level, "request",
		slog.String("method", c.Request.Method),
		slog.String("route", x.route),
		slog.String("path", path),
		slog.Int("status", status),
		slog.Int("bytes", max(c.Writer.Size(), 0)),
		slog.Duration("duration", took),
		slog.String("user", x.principal.User),
		slog.String("request_id", x.id),
		slog.String("remote", c.Request.RemoteAddr))
}
