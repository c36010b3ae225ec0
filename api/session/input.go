package session

import (
	"fmt"
	"strings"

	"interplexer/controlmode"
)

// Input is what one send types. Exactly one of Line, Keys, Text, Raw and Paste
// is set (non-nil); an empty but non-nil one is valid and types nothing of its
// own.
type Input struct {
	Pane string // "%5"; empty: the active pane

	Line  *string  // typed literally, then Enter unless NoEnter
	Keys  []string // each a tmux key name ("C-m", "Up") or else text, as on tmux's command line
	Text  *string  // typed literally, bytes as they are (a Go string may hold invalid UTF-8)
	Raw   []byte   // written to the pane as they are
	Paste *string  // pasted, bracketed when the program asked for that

	NoEnter bool // with Line: leave the Enter out

	RefuseMode bool // fail with ErrInMode rather than end the pane's copy mode
}

// typed checks an input and turns it into tmux's.
func (in Input) typed() (*controlmode.Input, error) {
	typed := new(controlmode.Input)
	if in.RefuseMode {
		typed.RefuseMode()
	}
	var err error
	switch {
	case in.Line != nil:
		err = checkText("keys", *in.Line)
		typed.Bytes(*in.Line)
		if !in.NoEnter {
			typed.Keys("Enter")
		}
	case in.Keys != nil:
		err = checkKeys(in.Keys)
		typed.Keys(in.Keys...)
	case in.Text != nil:
		err = checkText("text", *in.Text)
		typed.Bytes(*in.Text)
	case in.Paste != nil:
		err = checkText("paste", *in.Paste)
		typed.Paste(*in.Paste)
	default:
		err = checkLength("hex", len(in.Raw))
		typed.Bytes(string(in.Raw))
	}
	return typed, err
}

// size is about how many bytes the input writes to the pane.
func (in Input) size() int {
	n := len(in.Raw)
	for _, text := range []*string{in.Line, in.Text, in.Paste} {
		if text != nil {
			n += len(*text) + 1
		}
	}
	for _, key := range in.Keys {
		n += len(key)
	}
	return n
}

func checkKeys(keys []string) error {
	total := 0
	for i, key := range keys {
		if err := checkText(fmt.Sprintf("keys[%d]", i), key); err != nil {
			return err
		}
		total += len(key) + 1
	}
	if len(keys) > maxWords {
		return invalid("keys", fmt.Sprintf("is more than %d keys", maxWords))
	}
	return checkLength("keys", total)
}

// checkText: a NUL can be typed, but only as hex, where nobody means it by
// accident.
func checkText(field, text string) error {
	if strings.Contains(text, "\x00") {
		return invalid(field, `holds a NUL byte; "hex" can send one`)
	}
	return checkLength(field, len(text))
}

func checkLength(field string, n int) error {
	if n > MaxInput {
		return invalid(field, fmt.Sprintf("is more than %d bytes", MaxInput))
	}
	return nil
}
