package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

func (s *Server) captureByQuery(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	var o session.CaptureOptions
	if c.Request.URL.RawQuery != "" {
		if o, err = captureQuery(c); err != nil {
			return err
		}
	}
	return s.capture(ctx, c, p, id, o)
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
	var o session.CaptureOptions
	o.Pane = takePane(body)
	o.Trim, _ = body.boolean("trim")
	if err := body.done(); err != nil {
		return err
	}
	return s.capture(ctx, c, p, id, o)
}

func (s *Server) capture(ctx context.Context, c *gin.Context, p session.Principal, id int64, o session.CaptureOptions) error {
	screen, err := s.options.Registry.Capture(ctx, p, id, o)
	if err != nil {
		return err
	}
	return write(c, http.StatusOK, headerText, screen)
}

func captureQuery(c *gin.Context) (session.CaptureOptions, error) {
	var o session.CaptureOptions
	var fields []session.FieldError
	if pane, given := c.GetQuery("pane"); given {
		o.Pane = pane
		if pane == "" {
			fields = append(fields, session.FieldError{Field: "pane", Detail: emptyPane})
		}
	}
	if trim, given := c.GetQuery("trim"); given {
		o.Trim = trim == "true"
		if trim != "true" && trim != "false" {
			fields = append(fields, session.FieldError{Field: "trim", Detail: "must be true or false"})
		}
	}
	return o, invalid(fields)
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
