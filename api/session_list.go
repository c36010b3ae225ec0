package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"reflect"
	"slices"
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
		setNextLink(c, page.Sessions[len(page.Sessions)-1].ID)
	}
	list := make([]any, 0, len(page.Sessions))
	for _, one := range page.Sessions {
		list = append(list, selectFields(newSessionJSON(one), fields))
	}
	return writeJSON(c, http.StatusOK, list)
}

// setNextLink links to the next page (RFC 8288); last is the last id of this
// page.
func setNextLink(c *gin.Context, last int64) {
	query := c.Request.URL.Query()
	query.Set("after", strconv.FormatInt(last, 10))
	next := url.URL{Path: c.Request.URL.Path, RawQuery: query.Encode()}
	c.Writer.Header()["Link"] = []string{"<" + next.String() + `>; rel="next"`}
}

// maxPage bounds the limit that a client may give. Without a limit it gets all
// its sessions, which the quota bounds.
const maxPage = 1000

func pageQuery(c *gin.Context) (o session.PageOptions, err error) {
	q := query{c: c}
	for _, text := range c.QueryArray("status") {
		status := session.Status(text)
		if !status.Valid() {
			q.fail("status", "must be starting, running, exited or lost")
			break
		}
		o.Status = append(o.Status, status)
	}
	var problem string
	if o.Labels, problem = labelQuery(c.QueryArray("label")); problem != "" {
		q.fail("label", problem)
	}
	q.read("limit", func(text string) bool {
		limit, ok := wholeNumber(text)
		o.Limit = int(limit)
		return ok && limit >= 1 && limit <= maxPage
	}, fmt.Sprintf("must be from 1 to %d", maxPage))
	q.read("after", func(text string) (ok bool) { o.After, ok = wholeNumber(text); return ok }, "must be a session's id")
	return o, q.done()
}

// labelQuery reads texts such as name=value; a name may come once.
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

// sessionFields are the names of a session's fields.
var sessionFields = func() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[sessionJSON]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

// fieldsQuery reads the fields that the client wants of a session; nil means
// all of them.
func fieldsQuery(c *gin.Context) ([]string, error) {
	text, given := c.GetQuery("fields")
	if !given {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		switch {
		case !slices.Contains(sessionFields, name):
			return nil, invalid([]session.FieldError{{Field: "fields", Detail: "must be some of " + strings.Join(sessionFields, ",")}})
		case slices.Contains(names[:i], name):
			return nil, invalid([]session.FieldError{{Field: "fields", Detail: "names " + name + " twice"}})
		}
	}
	return names, nil
}

// selectFields returns a value that encodes only the given fields, in the
// session's own order. With nil it encodes all of them.
func selectFields(one sessionJSON, fields []string) any {
	if fields == nil {
		return one
	}
	return partialSessionJSON{one, fields}
}

type partialSessionJSON struct {
	session sessionJSON
	fields  []string
}

func (t partialSessionJSON) MarshalJSON() ([]byte, error) {
	whole, err := json.Marshal(t.session)
	if err != nil {
		return nil, err
	}
	parts, err := jsonParts(whole)
	if err != nil {
		return nil, err
	}
	text := []byte{'{'}
	for pair := range slices.Chunk(parts, 2) {
		if name, _ := decodeText(pair[0]); slices.Contains(t.fields, name) {
			if len(text) > 1 {
				text = append(text, ',')
			}
			text = append(append(append(text, pair[0]...), ':'), pair[1]...)
		}
	}
	return append(text, '}'), nil
}
