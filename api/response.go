package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"
)

// writeJSON sends v as the whole response.
func writeJSON(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("api: encode: %w", err)
	}
	return write(c, status, headerJSON, append(body, '\n'))
}

// writeCreated sends v with the path of the new resource.
func writeCreated(c *gin.Context, location string, v any) error {
	c.Writer.Header()["Location"] = []string{location}
	return writeJSON(c, http.StatusCreated, v)
}

func writeNoContent(c *gin.Context) error {
	c.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

// write sends a whole response. contentType is one of the shared slices. It
// returns no error: a failed write means that the client is gone.
func write(c *gin.Context, status int, contentType []string, body []byte) error {
	c.Writer.Header()["Content-Type"] = contentType
	requestStateOf(c).setHeader("Content-Length", lengthSlot, strconv.Itoa(len(body)))
	c.Writer.WriteHeader(status)
	_, _ = c.Writer.Write(body)
	return nil
}

// sessionPath is the path of a session.
func sessionPath(id int64) string { return "/api/sessions/" + strconv.FormatInt(id, 10) }

// tmuxPath is the path of a window ("windows") or pane ("panes") of a session.
func tmuxPath(id int64, kind, tmuxID string) string {
	return sessionPath(id) + "/" + kind + "/" + tmuxID[1:]
}

// timeText has a fixed width, so that texts sort as times do.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

// refuse answers with the problem of err. Details of internal errors go to the
// log only.
func (s *Server) refuse(c *gin.Context, err error) {
	x := requestStateOf(c)
	ctx := c.Request.Context()
	if ctx.Err() != nil && errors.Is(err, context.Canceled) {
		x.gone = true
		writeProblem(c, x, problems[canceled].problem, particulars{})
		return
	}
	p, with := problemOf(err)
	if p.status >= http.StatusInternalServerError && !errors.Is(err, errStopping) {
		s.logger.LogAttrs(ctx, slog.LevelError, "request failed",
			slog.String("route", x.route), slog.String("request_id", x.id), slog.Any("error", err))
	}
	if c.Writer.Written() { // too late for a problem
		return
	}
	writeProblem(c, x, p, with)
}

type problemJSON struct {
	Type      string           `json:"type"`
	Title     string           `json:"title"`
	Status    int              `json:"status"`
	Detail    string           `json:"detail"`
	RequestID string           `json:"request_id"`
	Errors    []fieldErrorJSON `json:"errors,omitempty"`

	SessionStatus string `json:"session_status,omitempty"`

	Screen *string `json:"screen,omitempty"`

	Tmux  string `json:"tmux,omitempty"`
	Store string `json:"store,omitempty"`

	*ranJSON
	Next string `json:"next,omitempty"`
}

type fieldErrorJSON struct {
	Field  string `json:"field"`
	Detail string `json:"detail"`
}

func newProblemJSON(x *requestState, p problem, with particulars) problemJSON {
	body := problemJSON{
		Type:  "urn:interplexer:problem:" + p.kind,
		Title: p.title, Status: p.status, Detail: p.detail, RequestID: x.id,
		SessionStatus: with.sessionStatus, ranJSON: with.partial, Next: with.next, Screen: with.screen,
	}
	if n := with.notReady; n != nil {
		body.Tmux, body.Store = n.Tmux, "unreachable"
		if n.Store {
			body.Store = "connected"
		}
	}
	for _, f := range with.fields {
		body.Errors = append(body.Errors, fieldErrorJSON{Field: f.Field, Detail: f.Detail})
	}
	return body
}

func writeProblem(c *gin.Context, x *requestState, p problem, with particulars) {
	h := c.Writer.Header()
	switch p.status {
	case http.StatusUnauthorized:
		h["Www-Authenticate"] = challenges
	case http.StatusUpgradeRequired:
		h["Upgrade"] = []string{"websocket"}
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		h["Retry-After"] = []string{"1"}
	}
	text, err := json.Marshal(newProblemJSON(x, p, with))
	if err != nil { // it has strings and numbers only, so this cannot happen
		panic(err)
	}
	_ = write(c, p.status, headerProblem, append(text, '\n'))
}
