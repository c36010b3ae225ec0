package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

type sessionJSON struct {
	ID         int64      `json:"id"`
	User       string     `json:"user"`
	CreateTime string     `json:"create_time"`
	ModifyTime string     `json:"modify_time"`
	Name       string     `json:"name"`
	Status     string     `json:"status"`
	Width      int        `json:"width"`
	Height     int        `json:"height"`
	Labels     labelsJSON `json:"labels"`
	Command    []string   `json:"command"`
	Cwd        string     `json:"cwd"`
	Panes      []paneJSON `json:"panes"`

	KeepAfterExit bool         `json:"keep_after_exit"`
	ExitCode      *int         `json:"exit_code,omitempty"`
	Signal        int          `json:"signal,omitempty"`
	Windows       []windowJSON `json:"windows,omitempty"`
}

func (s *Server) createSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	o, err := createOptions(body)
	if err != nil {
		return err
	}
	made, err := s.options.Registry.Create(ctx, p, o)
	if err != nil {
		return err
	}
	c.Writer.Header()["Location"] = []string{"/api/sessions/" + strconv.FormatInt(made.ID, 10)}
	return writeJSON(c, http.StatusCreated, newSessionJSON(made))
}

func createOptions(body *object) (session.CreateOptions, error) {
	var o session.CreateOptions
	if name := body.text("name"); name != nil {
		o.Name = *name
	}
	if cwd := body.text("cwd"); cwd != nil {
		o.Cwd = *cwd
	}
	o.Command = body.texts("command")
	o.Width = body.integer("width")
	o.Height = body.integer("height")
	o.KeepAfterExit, _ = body.boolean("keep_after_exit")
	env, err := body.dictionary("env")
	if err != nil {
		return o, err
	}
	o.Env = env
	if o.Labels, err = body.dictionary("labels"); err != nil {
		return o, err
	}
	return o, body.done()
}

func (s *Server) getSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	fields, err := fieldsQuery(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Get(ctx, p, id)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, trimmed(newSessionJSON(one), fields))
}

func (s *Server) endSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	if err := s.options.Registry.End(ctx, p, id); err != nil {
		return err
	}
	c.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

// sessionID takes one spelling of each id, so that a session has one URL. What
// cannot be an id is not there.
func sessionID(c *gin.Context) (int64, error) {
	text := c.Param("id")
	id, err := strconv.ParseInt(text, 10, 64)
	if err != nil || id < 1 || strconv.FormatInt(id, 10) != text {
		return 0, session.ErrNotFound
	}
	return id, nil
}

func newSessionJSON(one session.Session) sessionJSON {
	j := sessionJSON{
		ID: one.ID, User: one.User, Name: one.Name, Status: string(one.Status),
		CreateTime: timeText(one.CreateTime), ModifyTime: timeText(one.ModifyTime),
		Width: one.Width, Height: one.Height, Cwd: one.Cwd, Labels: labelsOf(one),
		Command: append([]string{}, one.Command...),
		Panes:   newPanesJSON(one.Panes), KeepAfterExit: one.KeepAfterExit,
	}
	if one.Exit != nil {
		j.ExitCode, j.Signal = &one.Exit.Code, one.Exit.Signal
	}
	for _, w := range one.Windows {
		j.Windows = append(j.Windows, windowJSON(w))
	}
	return j
}

// timeText has one width, so that texts sort as times do.
func timeText(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000000Z07:00") }

func writeJSON(c *gin.Context, status int, v any) error {
	body, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("api: encode: %w", err)
	}
	return write(c, status, headerJSON, append(body, '\n'))
}
