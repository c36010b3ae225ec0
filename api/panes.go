package api

import (
	"context"
	"net/http"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// Layout is what the API does with the panes of a session as such.
type Layout interface {
	SplitPane(ctx context.Context, p session.Principal, id int64, n session.NewPane) (session.Session, string, error)
	ChangePane(ctx context.Context, p session.Principal, id int64, pane string, c session.PaneChange) (session.Session, error)
	SwapPanes(ctx context.Context, p session.Principal, id int64, pane, with string) (session.Session, error)
	KillPane(ctx context.Context, p session.Principal, id int64, pane string) error
	Respawn(ctx context.Context, p session.Principal, id int64, pane string, kill bool, program session.Program) (session.Session, error)
}

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

// PaneDetailJSON is exported for encoding/json, which sets no embedded pointer to
// what is not.
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

func (s *Server) listPanes(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Windows(ctx, p, id)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newPanesJSON(one.Panes))
}

func (s *Server) getPane(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, pane, err := paneID(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Windows(ctx, p, id)
	if err != nil {
		return err
	}
	return writePane(c, http.StatusOK, one, pane)
}

func (s *Server) splitPane(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	n := session.NewPane{Pane: takePane(body)}
	if n.Program, err = takeProgram(body); err != nil {
		return err
	}
	if side := body.text("side"); side != nil {
		if n.Side = *side; n.Side == "" {
			body.fail("side", "must be below, above, right or left")
		}
	}
	n.Size, n.Percent = takePaneSize(body)
	n.Background, _ = body.boolean("background")
	if err := body.done(); err != nil {
		return err
	}
	one, pane, err := s.options.Registry.SplitPane(ctx, p, id, n)
	if err != nil {
		return err
	}
	c.Writer.Header()["Location"] = []string{inSession(id, "panes", pane)}
	return writePane(c, http.StatusCreated, one, pane)
}

// takePaneSize reads "size": cells, or a share such as "30%".
func takePaneSize(body *object) (size int, percent bool) {
	if kindOf(body.fields["size"]) != '"' {
		return body.integer("size"), false
	}
	digits, percent := strings.CutSuffix(*body.text("size"), "%")
	size, err := strconv.Atoi(digits)
	if err != nil || !percent || !numberForm.MatchString(digits) {
		body.fail("size", `must be a number of cells, or a share such as "30%"`)
	}
	return size, true
}

func (s *Server) changePane(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, pane, err := paneID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	change := session.PaneChange{Width: body.integer("width"), Height: body.integer("height"), Select: takeSelect(body)}
	if zoomed, given := body.boolean("zoomed"); given {
		change.Zoomed = &zoomed
	}
	if err := body.done(); err != nil {
		return err
	}
	one, err := s.options.Registry.ChangePane(ctx, p, id, pane, change)
	if err != nil {
		return err
	}
	return writePane(c, http.StatusOK, one, pane)
}

func (s *Server) swapPanes(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, pane, err := paneID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	with := body.text("with")
	if with == nil {
		body.fail("with", emptyPane)
	}
	if err := body.done(); err != nil {
		return err
	}
	one, err := s.options.Registry.SwapPanes(ctx, p, id, pane, *with)
	if err != nil {
		return err
	}
	return writePane(c, http.StatusOK, one, pane)
}

func (s *Server) killPane(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, pane, err := paneID(c)
	if err != nil {
		return err
	}
	if err := s.options.Registry.KillPane(ctx, p, id, pane); err != nil {
		return err
	}
	c.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

func (s *Server) respawnPane(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, pane, err := paneID(c)
	if err != nil {
		return err
	}
	one, err := s.respawn(ctx, c, p, id, pane)
	if err != nil {
		return err
	}
	return writePane(c, http.StatusOK, one, pane)
}

func (s *Server) respawnSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	one, err := s.respawn(ctx, c, p, id, "")
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newSessionJSON(one))
}

func (s *Server) respawn(ctx context.Context, c *gin.Context, p session.Principal, id int64, pane string) (session.Session, error) {
	body, err := s.readObject(c)
	if err != nil {
		return session.Session{}, err
	}
	program, err := takeProgram(body)
	if err != nil {
		return session.Session{}, err
	}
	kill, _ := body.boolean("kill")
	if err := body.done(); err != nil {
		return session.Session{}, err
	}
	return s.options.Registry.Respawn(ctx, p, id, pane, kill, program)
}

func writePane(c *gin.Context, status int, one session.Session, pane string) error {
	p, err := one.Pane(pane)
	if err != nil {
		return err
	}
	return writeJSON(c, status, newPaneJSON(p))
}

// paneID reads the ids in the path of a pane.
func paneID(c *gin.Context) (id int64, pane string, err error) {
	if id, err = sessionID(c); err != nil {
		return 0, "", err
	}
	pane, err = tmuxID(c.Param("pane"), "%")
	return id, pane, err
}
