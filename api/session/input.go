package session

import (
	"fmt"
	"strings"
)

// MaxInput bounds the input of one call, in bytes.
const MaxInput = 1 << 20

// Input is the text, keys or bytes that one call types. Exactly one of Line, Keys, Text, Raw
// and Paste is set, which means not nil. An empty one is valid.
type Input struct {
	Pane string // "%5"; empty: the active pane

	Line  *string  // typed literally, then Enter unless NoEnter
	Keys  []string // each a tmux key name ("C-m", "Up") or else text, as on tmux's command line
	Text  *string  // typed literally, its bytes unchanged (a Go string may hold invalid UTF-8)
	Raw   []byte   // written to the pane unchanged
	Paste *string  // pasted; bracketed if the program has turned bracketed paste on

	NoEnter bool // with Line: leave the Enter out

	RefuseMode bool // fail with ErrInMode rather than end the pane's copy mode
}

// Check fails with an *InvalidError when the input cannot be typed.
func (in Input) Check() error {
	switch {
	case in.Line != nil:
		return checkText("keys", *in.Line)
	case in.Keys != nil:
		return checkKeys(in.Keys)
	case in.Text != nil:
		return checkText("text", *in.Text)
	case in.Paste != nil:
		return checkText("paste", *in.Paste)
	}
	return checkLength("hex", len(in.Raw))
}

// Size returns about how many bytes the input writes to the pane.
func (in Input) Size() int {
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
	if len(keys) > MaxWords {
		return Invalid("keys", fmt.Sprintf("is more than %d keys", MaxWords))
	}
	return checkLength("keys", total)
}

// checkText refuses NUL bytes. They can be typed as hex, which nobody does by accident.
func checkText(field, text string) error {
	if strings.Contains(text, "\x00") {
		return Invalid(field, `holds a NUL byte; "hex" can send one`)
	}
	return checkLength(field, len(text))
}

func checkLength(field string, n int) error {
	if n > MaxInput {
		return Invalid(field, fmt.Sprintf("is more than %d bytes", MaxInput))
	}
	return nil
}
