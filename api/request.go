package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// target holds the ids in a request's path.
type target struct {
	session int64
	window  string // tmux's id, such as "@1"; "" if the route has none
	pane    string // tmux's id, such as "%5"; "" if the route has none
}

// targetOf reads the ids in the path. An id that is malformed does not exist:
// the error is session.ErrNotFound.
func targetOf(c *gin.Context) (at target, err error) {
	if at.session, err = sessionID(c.Param("id")); err != nil {
		return target{}, err
	}
	if text, given := c.Params.Get("window"); given {
		if at.window, err = tmuxID(text, "@"); err != nil {
			return target{}, err
		}
	}
	if text, given := c.Params.Get("pane"); given {
		if at.pane, err = tmuxID(text, "%"); err != nil {
			return target{}, err
		}
	}
	return at, nil
}

// sessionID accepts one spelling of each id, so that a session has one URL.
func sessionID(text string) (int64, error) {
	if id, ok := wholeNumber(text); ok && id > 0 {
		return id, nil
	}
	return 0, session.ErrNotFound
}

var numberForm = regexp.MustCompile(`^(0|[1-9][0-9]{0,9})$`)

// tmuxID reads one of tmux's ids in a path: its number alone, or with its sigil,
// percent-encoded or not.
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

// wholeNumber reads a number that is not negative in its one spelling: without
// a sign and without leading zeros.
func wholeNumber(text string) (int64, bool) {
	n, err := strconv.ParseInt(text, 10, 64)
	return n, err == nil && n >= 0 && strconv.FormatInt(n, 10) == text
}

// decodeBody reads the request's body and decodes it.
func decodeBody[T any](s *Server, c *gin.Context, decode func(*object) (T, error)) (T, error) {
	body, err := s.readObject(c)
	if err != nil {
		var none T
		return none, err
	}
	return decode(body)
}

// readObject reads the request's body, which must be a JSON object or empty.
func (s *Server) readObject(c *gin.Context) (*object, error) {
	body, err := s.readBody(c)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return &object{}, nil
	}
	if !isJSON(c.Request.Header["Content-Type"]) {
		return nil, errMediaType
	}
	if !utf8.Valid(body) {
		return nil, badRequest(`The body is not valid UTF-8. Bytes that are not text can be sent as {"hex":"…"}.`)
	}
	return parseObject(body)
}

// readBody reads at most MaxBody bytes. It blocks until the client has sent
// them, or until the server's ReadTimeout.
func (s *Server) readBody(c *gin.Context) ([]byte, error) {
	length := c.Request.ContentLength
	if length > s.options.MaxBody {
		return nil, errTooLarge
	}
	if length == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, s.options.MaxBody))
	if err == nil {
		return body, nil
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSlowBody
	case c.Request.Context().Err() != nil:
		return nil, c.Request.Context().Err()
	}
	return nil, badRequest("The body did not arrive whole.")
}

func isJSON(contentType []string) bool {
	if len(contentType) != 1 {
		return false
	}
	kind, parameters, err := mime.ParseMediaType(contentType[0])
	if err != nil || kind != "application/json" {
		return false
	}
	charset, given := parameters["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}

const emptyPane = "must be a pane's id such as %5"

// takePane refuses an empty id: the domain would read it as the active pane,
// and a client that lost an id must not type into another pane.
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

// takeProgram reads the program of a new window or pane.
func takeProgram(body *object) (program session.Program, err error) {
	program.Command = body.texts("command")
	if cwd := body.text("cwd"); cwd != nil {
		program.Cwd = *cwd
	}
	program.Env, err = body.dictionary("env")
	return program, err
}

// takeSelect reads "active". It can only be true: one window or pane is always
// active, so none can be made inactive.
func takeSelect(body *object) bool {
	active, given := body.boolean("active")
	if given && !active {
		body.fail("active", "can only be true; select another one instead")
	}
	return active
}

// checkQuery refuses parameters that the route does not know, as a misspelt one
// would silently do nothing, and those given twice that are not in many.
func checkQuery(raw string, known, many []string) error {
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("The query string is malformed.")
	}
	var fields []session.FieldError
	for name, v := range values {
		switch {
		case !slices.Contains(known, name):
			fields = append(fields, session.FieldError{Field: session.Shorten(name), Detail: "unknown query parameter"})
		case len(v) > 1 && !slices.Contains(many, name):
			fields = append(fields, session.FieldError{Field: name, Detail: "given more than once"})
		}
	}
	return invalid(fields)
}

// query reads query parameters and collects the errors in them.
type query struct {
	c      *gin.Context
	errors []session.FieldError
}

func (q *query) fail(field, detail string) {
	q.errors = append(q.errors, session.FieldError{Field: field, Detail: detail})
}

// done returns the errors of all parameters, or nil.
func (q *query) done() error { return invalid(q.errors) }

// read passes a parameter to parse if it is given; detail says how it must look.
func (q *query) read(name string, parse func(text string) bool, detail string) (given bool) {
	text, given := q.c.GetQuery(name)
	if given && !parse(text) {
		q.fail(name, detail)
	}
	return given
}

func (q *query) boolean(name string, into *bool) {
	q.read(name, func(text string) bool {
		*into = text == "true"
		return *into || text == "false"
	}, "must be true or false")
}

// pane reads "pane"; like takePane, it refuses an empty one.
func (q *query) pane(into *string) {
	q.read("pane", func(text string) bool { *into = text; return text != "" }, emptyPane)
}

// seconds reads a time from 0 to maxWait.
func (q *query) seconds(name string, into *time.Duration) (given bool) {
	return q.read(name, func(text string) (ok bool) { *into, ok = parseWait(text); return ok }, badSeconds)
}

// maxWait bounds how long a request is held.
const maxWait = 60 * time.Second

const badSeconds = "must be seconds from 0 to 60, such as 2.5"

var waitForm = regexp.MustCompile(`^[0-9]{1,2}(\.[0-9]{1,9})?$`)

// parseWait reads seconds.
func parseWait(text string) (time.Duration, bool) {
	if !waitForm.MatchString(text) {
		return 0, false
	}
	wait, err := time.ParseDuration(text + "s")
	return wait, err == nil && wait <= maxWait
}

// invalid returns nil if there are no fields. It sorts them by name, as they
// were collected from maps.
func invalid(fields []session.FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	slices.SortStableFunc(fields, func(a, b session.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return &session.InvalidError{Fields: fields}
}

// entityTags are the lines of an If-None-Match header (RFC 9110, 13.1.2).
type entityTags []string

func ifNoneMatch(r *http.Request) entityTags { return r.Header["If-None-Match"] }

// match compares weakly, as If-None-Match requires: W/ is ignored. A malformed
// tag matches nothing. The header is parsed here and not before, because that
// allocates nothing.
func (e entityTags) match(etag string) bool {
	for _, line := range e {
		if matchLine(line, etag) {
			return true
		}
	}
	return false
}

// matchLine reads one line: "*" or a list of tags, each weak (W/"…") or strong.
// A tag may contain commas.
func matchLine(line, etag string) bool {
	if strings.Trim(line, " \t") == "*" {
		return true
	}
	for {
		tag := strings.TrimPrefix(strings.TrimLeft(line, " \t,"), "W/")
		if !strings.HasPrefix(tag, `"`) {
			return false
		}
		end := strings.IndexByte(tag[1:], '"')
		if end < 0 {
			return false
		}
		if tag[:end+2] == etag {
			return true
		}
		line = tag[end+2:]
	}
}
