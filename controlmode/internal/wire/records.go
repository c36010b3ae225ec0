package wire

import (
	"strconv"
	"strings"
)

// RecordReader reads the lines of a list: ids, numbers, and free text that follows
// its length, so that no text can pass for a field or a line.
type RecordReader struct {
	Rest string // the text that has not been read
	Bad  bool   // a field was not as expected; all later results mean nothing
}

// More reports whether another record follows.
func (r *RecordReader) More() bool { return !r.Bad && r.Rest != "" }

// Word reads a field up to a blank or the end of the line.
func (r *RecordReader) Word() string {
	end := strings.IndexAny(r.Rest, " \n")
	if end < 0 {
		r.Bad = true
		return ""
	}
	word := r.Rest[:end]
	r.Rest = r.Rest[end:]
	r.Rest = strings.TrimPrefix(r.Rest, " ")
	return word
}

// Number reads a decimal number that is not negative.
func (r *RecordReader) Number() int {
	n, err := strconv.Atoi(r.Word())
	r.Bad = r.Bad || err != nil || n < 0
	return n
}

// Flag reads tmux's 0 or 1. An empty field is 0.
func (r *RecordReader) Flag() bool {
	w := r.Word()
	r.Bad = r.Bad || w != "" && w != "0" && w != "1"
	return w == "1"
}

func (r *RecordReader) Session() SessionID { return idRecord(r, ParseSessionID) }
func (r *RecordReader) Window() WindowID   { return idRecord(r, ParseWindowID) }
func (r *RecordReader) Pane() PaneID       { return idRecord(r, ParsePaneID) }

func idRecord[ID any](r *RecordReader, parse func(string) (ID, error)) ID {
	id, err := parse(r.Word())
	r.Bad = r.Bad || err != nil
	return id
}

// Text reads exactly n bytes.
func (r *RecordReader) Text(n int) string {
	if r.Bad || n > len(r.Rest) {
		r.Bad = true
		return ""
	}
	text := r.Rest[:n]
	r.Rest = r.Rest[n:]
	return text
}

// Newline reads the end of a record.
func (r *RecordReader) Newline() {
	rest, ok := strings.CutPrefix(r.Rest, "\n")
	r.Rest, r.Bad = rest, r.Bad || !ok
}

// Optional reads a field that is an x, and a number if there is one. Without a number
// it returns none.
func (r *RecordReader) Optional(none int) int {
	digits := strings.TrimPrefix(r.Word(), "x")
	if digits == "" {
		return none
	}
	n, err := strconv.Atoi(digits)
	r.Bad = r.Bad || err != nil
	return n
}

// Until reads the text before a mark, and the mark.
func (r *RecordReader) Until(mark string) string {
	text, rest, found := strings.Cut(r.Rest, mark)
	r.Rest, r.Bad = rest, r.Bad || !found
	return text
}
