package api

import (
	"context"
	"net/http"
	"regexp"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// Windows is what the API does with a session's windows.
type Windows interface {
	Windows(ctx context.Context, p session.Principal, id int64) (session.Session, error)
	CreateWindow(ctx context.Context, p session.Principal, id int64, n session.NewWindow) (session.Session, string, error)
	ChangeWindow(ctx context.Context, p session.Principal, id int64, window string, c session.WindowChange) (session.Session, error)
	KillWindow(ctx context.Context, p session.Principal, id int64, window string) error
}

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

// windowPanesJSON is a window with what is in it.
type windowPanesJSON struct {
	windowJSON
	Panes []paneJSON `json:"panes"`
}

func (s *Server) listWindows(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Windows(ctx, p, id)
	if err != nil {
		return err
	}
	list := make([]windowPanesJSON, 0, len(one.Windows))
	for _, w := range one.Windows {
		_, panes, _ := one.Window(w.ID) // it is there
		list = append(list, windowPanesJSON{windowJSON(w), newPanesJSON(panes)})
	}
	return writeJSON(c, http.StatusOK, list)
}

func (s *Server) getWindow(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, window, err := windowID(c)
	if err != nil {
		return err
	}
	one, err := s.options.Registry.Windows(ctx, p, id)
	if err != nil {
		return err
	}
	return writeWindow(c, http.StatusOK, one, window)
}

func (s *Server) createWindow(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	var n session.NewWindow
	if n.Program, err = takeProgram(body); err != nil {
		return err
	}
	if name := body.text("name"); name != nil {
		n.Name = *name
	}
	n.Background, _ = body.boolean("background")
	if err := body.done(); err != nil {
		return err
	}
	one, window, err := s.options.Registry.CreateWindow(ctx, p, id, n)
	if err != nil {
		return err
	}
	c.Writer.Header()["Location"] = []string{inSession(id, "windows", window)}
	return writeWindow(c, http.StatusCreated, one, window)
}

func (s *Server) changeWindow(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, window, err := windowID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	change := session.WindowChange{Name: body.text("name"), Layout: body.text("layout"), Select: takeSelect(body)}
	if err := body.done(); err != nil {
		return err
	}
	one, err := s.options.Registry.ChangeWindow(ctx, p, id, window, change)
	if err != nil {
		return err
	}
	return writeWindow(c, http.StatusOK, one, window)
}

func (s *Server) killWindow(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, window, err := windowID(c)
	if err != nil {
		return err
	}
	if err := s.options.Registry.KillWindow(ctx, p, id, window); err != nil {
		return err
	}
	c.Writer.WriteHeader(http.StatusNoContent)
	return nil
}

func writeWindow(c *gin.Context, status int, one session.Session, window string) error {
	w, panes, err := one.Window(window)
	if err != nil {
		return err
	}
	return writeJSON(c, status, windowPanesJSON{windowJSON(w), newPanesJSON(panes)})
}

// takeProgram reads what is to run in a new window or pane.
func takeProgram(body *object) (program session.Program, err error) {
	program.Command = body.texts("command")
	if cwd := body.text("cwd"); cwd != nil {
		program.Cwd = *cwd
	}
	program.Env, err = body.dictionary("env")
	return program, err
}

// takeSelect reads "active", which can only be made true: something has to be.
func takeSelect(body *object) bool {
	active, given := body.boolean("active")
	if given && !active {
		body.fail("active", "can only be true; select another one instead")
	}
	return active
}

// windowID reads the ids in the path of a window.
func windowID(c *gin.Context) (id int64, window string, err error) {
	if id, err = sessionID(c); err != nil {
		return 0, "", err
	}
	window, err = tmuxID(c.Param("window"), "@")
	return id, window, err
}

var numberForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})$`)

// tmuxID reads one of tmux's ids in a path: its number alone, or with its sigil,
// percent-encoded or not. What cannot be an id is not there.
func tmuxID(text, sigil string) (string, error) {
	for _, prefix := range []string{"%25", "%40", "@"} {
		if prefix == "%25" && sigil == "%" || prefix != "%25" && sigil == "@" {
			text = strings.TrimPrefix(text, prefix)
		}
	}
	if !numberForm.MatchString(text) {
		return "", session.ErrNotFound
	}
	return sigil + text, nil
}

// inSession is the path of a window or pane.
func inSession(id int64, kind, tmuxID string) string {
	return "/api/sessions/" + strconv.FormatInt(id, 10) + "/" + kind + "/" + tmuxID[1:]
}
