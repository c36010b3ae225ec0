package api

import (
	"context"
	"net/http"

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

// labelsJSON are a session's labels; without labels it is an empty object.
type labelsJSON map[string]string

func newSessionJSON(one session.Session) sessionJSON {
	j := sessionJSON{
		ID: one.ID, User: one.User, Name: one.Name, Status: string(one.Status),
		CreateTime: timeText(one.CreateTime), ModifyTime: timeText(one.ModifyTime),
		Width: one.Width, Height: one.Height, Cwd: one.Cwd, Labels: one.Labels,
		Command: append([]string{}, one.Command...),
		Panes:   newPanesJSON(one.Panes), KeepAfterExit: one.KeepAfterExit,
	}
	if j.Labels == nil {
		j.Labels = labelsJSON{}
	}
	if one.Exit != nil {
		j.ExitCode, j.Signal = &one.Exit.Code, one.Exit.Signal
	}
	for _, w := range one.Windows {
		j.Windows = append(j.Windows, windowJSON(w))
	}
	return j
}

func (s *Server) createSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	o, err := decodeBody(s, c, createOptions)
	if err != nil {
		return err
	}
	made, err := s.options.Registry.Create(ctx, p, o)
	if err != nil {
		return err
	}
	return writeCreated(c, sessionPath(made.ID), newSessionJSON(made))
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

func (s *Server) getSession(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	fields, err := fieldsQuery(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Get(ctx, p, at.session)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, selectFields(newSessionJSON(one), fields))
}

// editSession changes the fields that the body names (RFC 7396, JSON Merge
// Patch).
func (s *Server) editSession(ctx context.Context, c *gin.Context, p session.Principal, at target, edit session.Edit) error {
	edited, err := s.options.Registry.Edit(ctx, p, at.session, edit)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newSessionJSON(edited))
}

func editOptions(body *object) (session.Edit, error) {
	var e session.Edit
	e.Name = body.text("name")
	e.Width = body.integer("width")
	e.Height = body.integer("height")
	if keep, given := body.boolean("keep_after_exit"); given {
		e.KeepAfterExit = &keep
	}
	labels, err := body.patch("labels")
	if err != nil {
		return e, err
	}
	e.Labels = labels
	return e, body.done()
}

func (s *Server) endSession(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	if err := s.options.Registry.End(ctx, p, at.session); err != nil {
		return err
	}
	return writeNoContent(c)
}

// respawnSession starts the program of the session's active pane again.
func (s *Server) respawnSession(ctx context.Context, c *gin.Context, p session.Principal, at target, r respawn) error {
	one, err := s.options.Registry.Respawn(ctx, p, at.session, "", r.kill, r.program)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newSessionJSON(one))
}
