package wire

import "strconv"

// Frame says how the answer to one command line is told from the text that it holds.
// tmux frames a block by lines that can be guessed and escapes nothing between them.
// So a Frame trusts a guard only where no pane's text can stand.
type Frame struct {
	// Blocks is the number of commands of the line. Each answers with one block. When
	// one fails, the rest of the line is skipped and has no blocks.
	Blocks int

	// Counted, when positive, is the index of the block that holds exactly as many
	// lines as the number at the start of block 0. Every other block holds only text
	// of tmux's own (ids, numbers, error messages that quote ids), a few lines at
	// most.
	Counted int

	// Nonce, when set, is printed by a command after those of the answer. All of
	// block FreeText, which may hold any text, comes before it.
	Nonce string
	// FreeText is the index of that block. The blocks before it hold tmux's own text.
	FreeText int
	// Sealed: the nonce is on the line itself, in the error of a last command that
	// must fail. tmux runs no other command between those of a line, so the lines
	// between block FreeText and the nonce are known exactly. Not sealed: a line of
	// its own prints the nonce, also when the answer is an error. Block FreeText is
	// then the last one, and ends at the last line that closes it.
	Sealed bool
}

// AppendLine appends a command line, and the command that makes tmux print the nonce,
// in the form that goes over the wire.
func (f Frame) AppendLine(out, line []byte) []byte {
	out = append(out, line...)
	switch {
	case f.Sealed: // there is no such buffer, and the error names it
		out = append(append(out, " ; deleteb -b "...), f.Nonce...)
	case f.Nonce != "":
		out = append(append(out, "\ndisplay-message -p "...), f.Nonce...)
	}
	return append(out, '\n')
}

// MaxOwnLines bounds a block of tmux's own text. A longer one means that the stream
// is not trustworthy.
const MaxOwnLines = 16

// Block is the output of one command.
type Block struct {
	Failed bool   // it ended with %error; Body is tmux's message
	Body   []byte // the lines, each ended by \n
}

// Answer collects the blocks of one command line.
type Answer struct {
	Frame    Frame
	Blocks   []Block
	TooLarge bool // a body was longer than allowed and was dropped
}

// lineCount is the number of lines of block i; -1: tmux's guard is to be trusted. ok
// is false when the block is counted and the count is missing.
func (a *Answer) lineCount(i int) (lines int, ok bool) {
	if a.Frame.Counted == 0 || i != a.Frame.Counted {
		return -1, true
	}
	digits := 0
	body := a.Blocks[0].Body
	for digits < len(body) && body[digits] >= '0' && body[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(string(body[:digits]))
	return n, err == nil
}
