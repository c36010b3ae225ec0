package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

type windowJSON struct {
	ID     string `json:"id"`
	Index  int    `json:"index"`
	Name   string `json:"name"`
	Active bool   `json:"active"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Zoomed bool   `json:"zoomed"`
	Layout string `json:"layout"`
}

// windowPanesJSON is a window with its panes.
type windowPanesJSON struct {
	windowJSON
	Panes []paneJSON `json:"panes"`
}

func (s *Server) listWindows(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	one, err := s.options.Registry.Windows(ctx, p, at.session)
	if err != nil {
		return err
	}
	list := make([]windowPanesJSON, 0, len(one.Windows))
	for _, w := range one.Windows {
		_, panes, _ := one.Window(w.ID) // w is in one, so there is no error
		list = append(list, windowPanesJSON{windowJSON(w), newPanesJSON(panes)})
	}
	return writeJSON(c, http.StatusOK, list)
}

func (s *Server) getWindow(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	one, err := s.options.Registry.Windows(ctx, p, at.session)
	if err != nil {
		return err
	}
	return writeWindow(c, one, at.window)
}

func (s *Server) createWindow(ctx context.Context, c *gin.Context, p session.Principal, at target, n session.NewWindow) error {
	one, id, err := s.options.Registry.CreateWindow(ctx, p, at.session, n)
	if err != nil {
		return err
	}
	w, panes, err := one.Window(id)
	if err != nil {
		return err
	}
	return writeCreated(c, tmuxPath(at.session, "windows", id), windowPanesJSON{windowJSON(w), newPanesJSON(panes)})
}

func newWindow(body *object) (n session.NewWindow, err error) {
	if n.Program, err = takeProgram(body); err != nil {
		return n, err
	}
	if name := body.text("name"); name != nil {
		n.Name = *name
	}
	n.Background, _ = body.boolean("background")
	return n, body.done()
}

func (s *Server) changeWindow(ctx context.Context, c *gin.Context, p session.Principal, at target, change session.WindowChange) error {
	one, err := s.options.Registry.ChangeWindow(ctx, p, at.session, at.window, change)
	if err != nil {
		return err
	}
	return writeWindow(c, one, at.window)
}

func windowChange(body *object) (session.WindowChange, error) {
	change := session.WindowChange{Name: body.text("name"), Layout: body.text("layout"), Select: takeSelect(body)}
	return change, body.done()
}

func (s *Server) killWindow(ctx context.Context, c *gin.Context, p session.Principal, at target) error {
	if err := s.options.Registry.KillWindow(ctx, p, at.session, at.window); err != nil {
		return err
	}
	return writeNoContent(c)
}

func writeWindow(c *gin.Context, one session.Session, id string) error {
	w, panes, err := one.Window(id)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, windowPanesJSON{windowJSON(w), newPanesJSON(panes)})
}
