package render

import (
	"bytes"
	"encoding/json"
)

// State holds the facts about a pane that JSON includes beside the screen.
type State struct {
	Alternate   bool   // the alternate screen is shown
	Mode        string // the pane's tmux mode, such as copy-mode; "" for none
	HistorySize int    // lines of scrollback
}

type documentJSON struct {
	Lines       []string    `json:"lines"`
	Width       int         `json:"width"`
	Height      int         `json:"height"`
	Cursor      cursorJSON  `json:"cursor"`
	Alternate   bool        `json:"alternate"`
	Mode        string      `json:"mode"`
	HistorySize int         `json:"history_size"`
	Runs        [][]runJSON `json:"runs,omitempty"`
}

type cursorJSON struct {
	X       int  `json:"x"`
	Y       int  `json:"y"`
	Visible bool `json:"visible"`
}

type runJSON struct {
	X              int    `json:"x"`
	Width          int    `json:"width"`
	Text           string `json:"text"`
	Foreground     string `json:"fg,omitempty"`
	Background     string `json:"bg,omitempty"`
	Bold           bool   `json:"bold,omitempty"`
	Dim            bool   `json:"dim,omitempty"`
	Italic         bool   `json:"italic,omitempty"`
	Underline      string `json:"underline,omitempty"`
	UnderlineColor string `json:"underline_color,omitempty"`
	Blink          bool   `json:"blink,omitempty"`
	Reverse        bool   `json:"reverse,omitempty"`
	Hidden         bool   `json:"hidden,omitempty"`
	Strike         bool   `json:"strike,omitempty"`
	Overline       bool   `json:"overline,omitempty"`
}

// JSON returns the screen as a JSON object with the given lines. With styles it
// also has the runs of each of these lines. A trimmed screen has fewer lines
// than s; its runs are cut to match.
func (s *Screen) JSON(state State, lines []string, styles bool) ([]byte, error) {
	d := documentJSON{
		Lines: lines, Width: s.Width, Height: s.Height,
		Cursor:    cursorJSON{X: s.Cursor.X, Y: s.Cursor.Y, Visible: s.Cursor.Visible},
		Alternate: state.Alternate, Mode: state.Mode, HistorySize: state.HistorySize,
	}
	if styles {
		d.Runs = make([][]runJSON, 0, len(lines))
		for _, line := range s.Lines[:min(len(lines), len(s.Lines))] {
			d.Runs = append(d.Runs, runsJSON(line))
		}
	}
	var out bytes.Buffer
	e := json.NewEncoder(&out)
	e.SetEscapeHTML(false)
	err := e.Encode(d)
	return out.Bytes(), err
}

// runsJSON converts a line without its trailing blanks of the default style.
func runsJSON(line []Cell) []runJSON {
	for len(line) > 0 && line[len(line)-1] == (Cell{Text: " ", Width: 1}) {
		line = line[:len(line)-1]
	}
	list := []runJSON{}
	for _, r := range Runs(line) {
		st := r.Style
		list = append(list, runJSON{
			X: r.X, Width: r.Width, Text: r.Text(), Foreground: st.Foreground.String(), Background: st.Background.String(),
			Bold: st.Bold, Dim: st.Dim, Italic: st.Italic, Underline: st.Underline.String(), UnderlineColor: st.UnderlineColor.String(),
			Blink: st.Blink, Reverse: st.Reverse, Hidden: st.Hidden, Strike: st.Strike, Overline: st.Overline,
		})
	}
	return list
}
