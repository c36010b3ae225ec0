package api

import (
	"fmt"
	"regexp"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// captureQueries are the query parameters of a capture.
var captureQueries = []string{"pane", "trim", "wait", "start", "end", "lines", "join", "escapes", "format", "styles"}

// captureRequest holds the options of a capture, from the query or the body.
type captureRequest struct {
	session.CaptureOptions
	wait  time.Duration
	lines lineRange
}

// streams reports whether to stream the lines as they come from tmux.
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
	q := query{c: c}
	q.pane(&r.Pane)
	q.boolean("trim", &r.Trim)
	q.boolean("join", &r.Join)
	q.boolean("escapes", &r.Escapes)
	q.boolean("styles", &r.Styles)
	q.read("format", r.format, badFormat)
	q.read("lines", r.count, badLines)
	q.read("start", r.lines.start, badLine)
	q.read("end", r.lines.end, badLine)
	waits := q.seconds("wait", &r.wait)
	r.check(waits, q.fail)
	return r, q.done()
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

// takeLine reads a line's number, or "-".
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

// formats are the formats by name; ansi is text with escapes.
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

// check refuses options that exclude each other over HTTP. The domain checks the
// rest.
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

// lineRange is the range of lines from start to end. Lines below 0 are history,
// as in tmux's capture-pane.
type lineRange struct {
	given       bool
	first, last int
}

// newLineRange returns the default of capture-pane: the screen.
func newLineRange() lineRange { return lineRange{last: session.ScreenEnd} }

func (l *lineRange) start(text string) bool {
	return l.read(&l.first, text, session.HistoryStart)
}

func (l *lineRange) end(text string) bool {
	return l.read(&l.last, text, session.ScreenEnd)
}

const badLine = `must be a line's number such as -100, or "-"`

var lineForm = regexp.MustCompile(`^(0|-?[1-9][0-9]{0,6})$`)

// read reads a number; "-" stands for dash.
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
