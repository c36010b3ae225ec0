package controlmode

import (
	"strconv"
	"strings"
)

// records reads the lines of a list whose free-text fields are preceded by
// their lengths, so that no text can pass for a field or a line.
type records struct {
	rest string
	bad  bool
}

// more reports whether another record follows.
func (r *records) more() bool { return !r.bad && r.rest != "" }

func (r *records) word() string {
	end := strings.IndexAny(r.rest, " \n")
	if end < 0 {
		r.bad = true
		return ""
	}
	word := r.rest[:end]
	r.rest = r.rest[end:]
	r.rest = strings.TrimPrefix(r.rest, " ")
	return word
}

func (r *records) number() int {
	n, err := strconv.Atoi(r.word())
	r.bad = r.bad || err != nil || n < 0
	return n
}

// flag reads tmux's 0 or 1; an empty field is 0.
func (r *records) flag() bool {
	w := r.word()
	r.bad = r.bad || w != "" && w != "0" && w != "1"
	return w == "1"
}

func (r *records) session() SessionID { return idRecord(r, ParseSessionID) }
func (r *records) window() WindowID   { return idRecord(r, ParseWindowID) }
func (r *records) pane() PaneID       { return idRecord(r, ParsePaneID) }

func idRecord[ID any](r *records, parse func(string) (ID, error)) ID {
	id, err := parse(r.word())
	r.bad = r.bad || err != nil
	return id
}

// text takes exactly n bytes.
func (r *records) text(n int) string {
	if r.bad || n > len(r.rest) {
		r.bad = true
		return ""
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

// newline ends a record.
func (r *records) newline() {
	rest, ok := strings.CutPrefix(r.rest, "\n")
	r.rest, r.bad = rest, r.bad || !ok
}
