package api

import (
	"fmt"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// captureQueries are the query parameters of a capture.
var captureQueries = []string{"pane", "trim", "wait", "start", "end", "lines", "join", "escapes", "format", "styles"}

// captureRequest is what a request for a capture says.
type captureRequest struct {
	session.CaptureOptions
	wait  time.Duration
	lines lineRange
}

// streams reports whether the lines are told as they come from tmux.
func (r *captureRequest) streams() bool {
	return r.lines.given || r.Lines > session.MaxShownLines
}

func (r *captureRequest) linesOptions() session.LinesOptions {
	return session.LinesOptions{CaptureOptions: r.CaptureOptions, First: r.lines.first, Last: r.lines.last}
}

const (
	maxLines  = 9_999_999
	badLines  = "must be a number of lines from 1 to 9999999"
	badFormat = "must be text, ansi, json, html, svg or png"
)

func captureQuery(c *gin.Context) (captureRequest, error) {
	r := captureRequest{lines: newLineRange()}
	var fields []session.FieldError
	fail := func(field, detail string) {
		fields = append(fields, session.FieldError{Field: field, Detail: detail})
	}
	given := func(name string, read func(text string) bool, detail string) {
		if text, given := c.GetQuery(name); given && !read(text) {
			fail(name, detail)
		}
	}
	truth := func(name string, into *bool) {
		given(name, func(text string) bool {
			*into = text == "true"
			return *into || text == "false"
		}, "must be true or false")
	}
	given("pane", func(text string) bool { r.Pane = text; return text != "" }, emptyPane)
	truth("trim", &r.Trim)
	truth("join", &r.Join)
	truth("escapes", &r.Escapes)
	truth("styles", &r.Styles)
	given("format", r.format, badFormat)
	given("lines", r.count, badLines)
	given("start", r.lines.start, badLine)
	given("end", r.lines.end, badLine)
	given("wait", func(text string) (ok bool) { r.wait, ok = parseWait(text); return ok }, "must be seconds from 0 to 60, such as 2.5")
	_, waits := c.GetQuery("wait")
	r.check(waits, fail)
	return r, invalid(fields)
}

func captureBody(body *object) (captureRequest, error) {
	r := captureRequest{lines: newLineRange()}
	r.Pane = takePane(body)
	r.Trim, _ = body.boolean("trim")
	r.Join, _ = body.boolean("join")
	r.Escapes, _ = body.boolean("escapes")
	r.Styles, _ = body.boolean("styles")
	if format := body.text("format"); format != nil && !r.format(*format) {
		body.fail("format", badFormat)
	}
	if r.Lines = body.integer("lines"); r.Lines > maxLines {
		body.fail("lines", badLines)
	}
	for name, read := range map[string]func(string) bool{"start": r.lines.start, "end": r.lines.end} {
		if text, given := takeLine(body, name); given && !read(text) {
			body.fail(name, badLine)
		}
	}
	r.check(false, body.fail)
	return r, body.done()
}

// takeLine takes a line's number, or "-".
func takeLine(body *object, name string) (text string, given bool) {
	raw := body.take(name)
	if raw == nil {
		return "", false
	}
	if kindOf(raw) != '"' {
		return string(raw), true
	}
	if text, problem := decodeText(raw); problem == "" && text == "-" {
		return text, true
	}
	return "", true
}

// formats are what the answer can be by name; ansi is text with escapes.
var formats = map[string]session.Format{
	"text": session.Text, "ansi": session.Text, "json": session.JSON, "html": session.HTML, "svg": session.SVG, "png": session.PNG,
}

func (r *captureRequest) format(name string) (known bool) {
	r.Format, known = formats[name]
	r.Escapes = r.Escapes || name == "ansi"
	return known
}

func (r *captureRequest) count(text string) bool {
	n, err := strconv.Atoi(text)
	r.Lines = n
	return err == nil && strconv.Itoa(n) == text && n >= 1 && n <= maxLines
}

// check refuses what does not go together over HTTP; the rest is the domain's.
func (r *captureRequest) check(waits bool, fail func(field, detail string)) {
	if r.lines.given && r.Lines > 0 {
		fail("lines", "are the last ones: leave out start and end")
	}
	switch {
	case !waits:
	case r.lines.given:
		fail("wait", "waits for the screen only: leave out start and end")
	case r.Lines > session.MaxShownLines:
		fail("wait", fmt.Sprintf("waits for at most %d lines", session.MaxShownLines))
	}
}
