package api

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

var (
	listQueries     = []string{"status", "label", "limit", "after", "fields"}
	listQueriesMany = []string{"status", "label"}
)

func (s *Server) listSessions(ctx context.Context, c *gin.Context, p session.Principal) error {
	o, err := pageQuery(c)
	if err != nil {
		return err
	}
	fields, err := fieldsQuery(c)
	if err != nil {
		return err
	}
	page, err := s.options.Registry.Page(ctx, p, o)
	if err != nil {
		return err
	}
	if page.More {
		linkNext(c, page.Sessions[len(page.Sessions)-1].ID)
	}
	list := make([]any, 0, len(page.Sessions))
	for _, one := range page.Sessions {
		list = append(list, trimmed(newSessionJSON(one), fields))
	}
	return writeJSON(c, http.StatusOK, list)
}

// linkNext names the page after the one that ends with the id (RFC 8288).
func linkNext(c *gin.Context, id int64) {
	query := c.Request.URL.Query()
	query.Set("after", strconv.FormatInt(id, 10))
	next := url.URL{Path: c.Request.URL.Path, RawQuery: query.Encode()}
	c.Writer.Header()["Link"] = []string{"<" + next.String() + `>; rel="next"`}
}

// maxPage bounds what a client may ask for at a time by name; without a limit
// it gets all that it has, which the quota bounds.
const maxPage = 1000

func pageQuery(c *gin.Context) (o session.PageOptions, err error) {
	var fields []session.FieldError
	fail := func(field, detail string) {
		fields = append(fields, session.FieldError{Field: field, Detail: detail})
	}
	for _, text := range c.QueryArray("status") {
		status := session.Status(text)
		if !status.Valid() {
			fail("status", "must be starting, running, exited or lost")
			break
		}
		o.Status = append(o.Status, status)
	}
	var problem string
	if o.Labels, problem = labelQuery(c.QueryArray("label")); problem != "" {
		fail("label", problem)
	}
	if text, given := c.GetQuery("limit"); given {
		limit, ok := wholeNumber(text)
		if !ok || limit < 1 || limit > maxPage {
			fail("limit", fmt.Sprintf("must be from 1 to %d", maxPage))
		}
		o.Limit = int(limit)
	}
	if text, given := c.GetQuery("after"); given {
		var ok bool
		if o.After, ok = wholeNumber(text); !ok {
			fail("after", "must be a session's id")
		}
	}
	return o, invalid(fields)
}

// labelQuery reads name=value, each name once.
func labelQuery(texts []string) (labels map[string]string, problem string) {
	for _, text := range texts {
		name, value, ok := strings.Cut(text, "=")
		if !ok || !session.ValidLabelName(name) {
			return nil, "must be name=value"
		}
		if _, twice := labels[name]; twice {
			return nil, "names " + name + " twice"
		}
		if labels == nil {
			labels = map[string]string{}
		}
		labels[name] = value
	}
	return labels, ""
}

// wholeNumber reads a number in its one spelling, as ids have it.
func wholeNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}
