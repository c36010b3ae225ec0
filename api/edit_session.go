package api

import (
	"context"
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// editSession changes what the body names of a session, as RFC 7396 has it.
func (s *Server) editSession(ctx context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	edit, err := sessionEdit(body)
	if err != nil {
		return err
	}
	edited, err := s.options.Registry.Edit(ctx, p, id, edit)
	if err != nil {
		return err
	}
	return writeJSON(c, http.StatusOK, newSessionJSON(edited))
}

func sessionEdit(body *object) (session.Edit, error) {
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

// labelsJSON are a session's labels; none are an empty object.
type labelsJSON map[string]string

func labelsOf(one session.Session) labelsJSON {
	if one.Labels == nil {
		return labelsJSON{}
	}
	return one.Labels
}

// patch takes an object of strings and nulls.
func (o *object) patch(name string) (map[string]*string, error) {
	raw := o.take(name)
	if raw == nil {
		return nil, nil
	}
	if kindOf(raw) != '{' {
		o.fail(name, "must be an object of strings and nulls")
		return nil, nil
	}
	members, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]*string, len(members))
	for _, m := range members {
		if kindOf(m.value) == 'n' {
			texts[m.name] = nil
			continue
		}
		text, problem := decodeText(m.value)
		if problem != "" {
			o.fail(name+"."+shorten(m.name), problem)
			continue
		}
		texts[m.name] = &text
	}
	return texts, nil
}
