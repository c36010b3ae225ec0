package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

type paneJSON struct {
	ID     string `json:"id"`
	Window string `json:"window"`
	Active bool   `json:"active"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	PID    int    `json:"pid"`
	Dead   bool   `json:"dead"`
	*PaneDetailJSON
}

// PaneDetailJSON is exported for encoding/json only: it cannot set an embedded
// pointer to a type that is not exported.
type PaneDetailJSON struct {
	Index          int        `json:"index"`
	ActiveInWindow bool       `json:"active_in_window"`
	Left           int        `json:"left"`
	Top            int        `json:"top"`
	Title          string     `json:"title"`
	CurrentCommand string     `json:"current_command"`
	CurrentPath    string     `json:"current_path"`
	Cursor         cursorJSON `json:"cursor"`
	Alternate      bool       `json:"alternate"`
	Mode           string     `json:"mode"`
	HistorySize    int        `json:"history_size"`
	ExitCode       *int       `json:"exit_code,omitempty"`
	Signal         int        `json:"signal,omitempty"`
}

type cursorJSON struct {
	X       int  `json:"x"`
	Y       int  `json:"y"`
	Visible bool `json:"visible"`
}

func newPaneJSON(p session.Pane) paneJSON {
	j := paneJSON{ID: p.ID, Window: p.Window, Active: p.Active, Width: p.Width, Height: p.Height, PID: p.PID, Dead: p.Dead}
	d := p.PaneDetail
	if d == nil {
		return j
	}
	j.PaneDetailJSON = &PaneDetailJSON{
		Index: d.Index, ActiveInWindow: d.ActiveInWindow, Left: d.Left, Top: d.Top,
		Title: d.Title, CurrentCommand: d.CurrentCommand, CurrentPath: d.CurrentPath,
		Cursor: cursorJSON(d.Cursor), Alternate: d.Alternate, Mode: d.Mode, HistorySize: d.HistorySize,
	}
	if d.Exit != nil {
		j.ExitCode, j.Signal = &d.Exit.Code, d.Exit.Signal
	}
	return j
}

func newPanesJSON(panes []session.Pane) []paneJSON {
	list := make([]paneJSON, 0, len(panes))
	for _, p := range panes {
		list = append(list, newPaneJSON(p))
	}
	return list
}

func (s *Server) listPanes(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	one, err := s.options.Registry.Windows(ctx, p, at.session)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newPanesJSON(one.Panes))
}

func (s *Server) getPane(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	one, err := s.options.Registry.Windows(ctx, p, at.session)
	if err != nil {
		return err
	}
	return writePane(c, one, at.pane)
}

func (s *Server) splitPane(ctx context.Context, c *gin.Context, p session.Principal, at target, n session.NewPane) error {
	one, id, err := s.options.Registry.SplitPane(ctx, p, at.session, n)
	if err != nil {
		return err
	}
	pane, err := one.Pane(id)
	if err != nil {
		return err
	}
	return writeCreated(c, tmuxPath(at.session, "panes", id), newPaneJSON(pane))
}

func newPane(body *object) (n session.NewPane, err error) {
	n.Pane = takePane(body)
	if n.Program, err = takeProgram(body); err != nil {
		return n, err
	}
	if side := body.text("side"); side != nil {
		if n.Side = *side; n.Side == "" {
			body.fail("side", "must be below, above, right or left")
		}
	}
	n.Size, n.Percent = takePaneSize(body)
	n.Background, _ = body.boolean("background")
	return n, body.done()
}

// takePaneSize reads "size": a number of cells, or a share such as "30%".
func takePaneSize(body *object) (size int, percent bool) {
	if kindOf(body.fields["size"]) != '"' {
		return body.integer("size"), false
	}
	text := body.text("size")
	if text == nil { // it was no text, and body says so
		return 0, false
	}
	digits, percent := strings.CutSuffix(*text, "%")
	size, err := strconv.Atoi(digits)
	if err != nil || !percent || !numberForm.MatchString(digits) {
		body.fail("size", `must be a number of cells, or a share such as "30%"`)
	}
	return size, true
}

func (s *Server) changePane(ctx context.Context, c *gin.Context, p session.Principal, at target, change session.PaneChange) error {
	one, err := s.options.Registry.ChangePane(ctx, p, at.session, at.pane, change)
	if err != nil {
		return err
	}
	return writePane(c, one, at.pane)
}

func paneChange(body *object) (session.PaneChange, error) {
	change := session.PaneChange{Width: body.integer("width"), Height: body.integer("height"), Select: takeSelect(body)}
	if zoomed, given := body.boolean("zoomed"); given {
		change.Zoomed = &zoomed
	}
	return change, body.done()
}

func (s *Server) swapPanes(ctx context.Context, c *gin.Context, p session.Principal, at target, with string) error {
	one, err := s.options.Registry.SwapPanes(ctx, p, at.session, at.pane, with)
	if err != nil {
		return err
	}
	return writePane(c, one, at.pane)
}

// swapWith reads the id of the other pane.
func swapWith(body *object) (string, error) {
	with := body.text("with")
	if with == nil {
		body.fail("with", emptyPane)
		return "", body.done()
	}
	return *with, body.done()
}

func (s *Server) killPane(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	if err := s.options.Registry.KillPane(ctx, p, at.session, at.pane); err != nil {
		return err
	}
	return writeNoContent(c)
}

// respawn is the body of the two requests that start a program again.
type respawn struct {
	program session.Program
	kill    bool
}

func respawnBody(body *object) (r respawn, err error) {
	if r.program, err = takeProgram(body); err != nil {
		return r, err
	}
	r.kill, _ = body.boolean("kill")
	return r, body.done()
}

func (s *Server) respawnPane(ctx context.Context, c *gin.Context, p session.Principal, at target, r respawn) error {
	one, err := s.options.Registry.Respawn(ctx, p, at.session, at.pane, r.kill, r.program)
	if err != nil {
		return err
	}
	return writePane(c, one, at.pane)
}

func writePane(c *gin.Context, one session.Session, id string) error {
	p, err := one.Pane(id)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newPaneJSON(p))
}
