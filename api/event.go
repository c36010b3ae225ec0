package api

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"

	"interplexer/api/session"
)

// The kinds of events of one session.
const (
	eventScreen = "screen"
	eventOutput = "output"
	eventResize = "resize"
	eventWindow = "window"
	eventResync = "resync"
	eventExit   = "exit"
)

type outputJSON struct {
	Pane   string `json:"pane"`
	Offset uint64 `json:"offset"` // of the first byte
	Data   []byte `json:"data"`
}

type windowsJSON struct {
	Panes []paneJSON `json:"panes"`
}

type resizeJSON struct {
	Pane   string `json:"pane"`
	Width  int    `json:"width"`
	Height int    `json:"height"`
}

type resyncJSON struct {
	Pane   string `json:"pane"`
	Offset uint64 `json:"offset"`
	Reason string `json:"reason"`
}

// screenJSON is a screen event: the whole text, or the lines that differ from the
// previous screen. Text that is not UTF-8 is sent as base64, which is how a
// []byte is encoded.
type screenJSON struct {
	Pane   string `json:"pane"`
	ETag   string `json:"etag"`
	Width  int    `json:"width"`
	Height int    `json:"height"`

	Text    *string `json:"text,omitempty"`
	RawText []byte  `json:"text_base64,omitempty"`

	Base     string            `json:"base,omitempty"` // ETag of the screen to which the lines apply
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

// newDiffJSON describes a screen by the lines that differ from before. It is not
// ok if the number of lines differs; send the whole screen then.
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

// eventID is the position in a stream after an event: how much of the pane's
// output the client has received, and which screen.
type eventID struct {
	cursor session.Cursor
	etag   string // "" before the first screen
}

func (id eventID) String() string {
	etag := id.etag
	if etag != "" {
		etag = etag[1 : len(etag)-1]
	}
	return fmt.Sprintf("%s.%s.%d.%s", id.cursor.Pane[1:], id.cursor.Epoch, id.cursor.Offset, etag)
}

var eventIDForm = regexp.MustCompile(`^([0-9]{1,10})\.([0-9a-f]{12})\.([0-9]{1,19})\.([0-9a-f]{32})?$`)

// parseEventID reads an id that String wrote; it is not ok for other texts.
func parseEventID(text string) (id eventID, ok bool) {
	m := eventIDForm.FindStringSubmatch(text)
	if m == nil {
		return eventID{}, false
	}
	offset, err := strconv.ParseUint(m[3], 10, 64)
	id.cursor = session.Cursor{Pane: "%" + m[1], Epoch: m[2], Offset: offset}
	if m[4] != "" {
		id.etag = `"` + m[4] + `"`
	}
	return id, err == nil
}
