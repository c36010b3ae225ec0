package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"regexp"
	"strconv"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// captureLines answers with lines of a pane's history and screen as they come
// from tmux. Nothing names their text: it is not known before it is sent.
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
		if x := exchangeOf(c); !errors.Is(err, context.Canceled) { // nobody is left to be told of it
			s.logger.LogAttrs(ctx, slog.LevelWarn, "capture cut off",
				slog.String("route", x.route), slog.String("request_id", x.id), slog.Any("error", err))
		}
		panic(http.ErrAbortHandler) // an end in good order would make it look whole
	case err == nil && !c.Writer.Written(): // only blank lines, and they were left out
		return write(c, http.StatusOK, headerText, nil)
	}
	return err
}

// lineRange is what a request says of start and end.
type lineRange struct {
	given       bool
	first, last int
}

// newLineRange is what capture-pane takes when it is told neither: the screen.
func newLineRange() lineRange { return lineRange{last: session.ScreenEnd} }

func (l *lineRange) start(text string) bool {
	return l.read(&l.first, text, session.HistoryStart)
}

func (l *lineRange) end(text string) bool {
	return l.read(&l.last, text, session.ScreenEnd)
}

const badLine = `must be a line's number such as -100, or "-"`

var lineForm = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,6})$`)

// read reads a number, or "-" for the one that is given.
func (l *lineRange) read(into *int, text string, dash int) bool {
	l.given = true
	if text == "-" {
		*into = dash
		return true
	}
	if !lineForm.MatchString(text) {
		return false
	}
	n, err := strconv.Atoi(text)
	*into = n
	return err == nil
}
