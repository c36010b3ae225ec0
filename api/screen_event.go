package api

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"interplexer/api/session"
)

// screenJSON is a screen event: the whole text, or the lines that differ from
// the one before. What is not UTF-8 goes as base64, which []byte encodes to.
type screenJSON struct {
	Pane   string `json:"pane"`
	ETag   string `json:"etag"`
	Width  int    `json:"width"`
	Height int    `json:"height"`

	Text    *string `json:"text,omitempty"`
	RawText []byte  `json:"text_base64,omitempty"`

	Base     string            `json:"base,omitempty"` // ETag of the screen that the lines change
	Lines    map[string]string `json:"lines,omitempty"`
	RawLines map[string][]byte `json:"lines_base64,omitempty"`
}

func newScreenJSON(pane session.Pane, screen session.Snapshot) screenJSON {
	j := screenJSON{Pane: pane.ID, ETag: screen.ETag, Width: pane.Width, Height: pane.Height}
	if utf8.Valid(screen.Text) {
		text := string(screen.Text)
		j.Text = &text
	} else {
		j.RawText = screen.Text
	}
	return j
}

// newDiffJSON tells a screen by what differs from before. ok is false when the
// number of lines does: then only the whole tells it.
func newDiffJSON(pane session.Pane, before, screen session.Snapshot) (j screenJSON, ok bool) {
	old, now := strings.Split(string(before.Text), "\n"), strings.Split(string(screen.Text), "\n")
	if len(old) != len(now) {
		return j, false
	}
	j = screenJSON{
		Pane: pane.ID, ETag: screen.ETag, Width: pane.Width, Height: pane.Height,
		Base: before.ETag, Lines: map[string]string{}, RawLines: map[string][]byte{},
	}
	for i, line := range now {
		switch {
		case line == old[i]:
		case utf8.ValidString(line):
			j.Lines[strconv.Itoa(i)] = line
		default:
			j.RawLines[strconv.Itoa(i)] = []byte(line)
		}
	}
	return j, true
}
