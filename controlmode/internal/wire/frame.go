package wire

import "strconv"

// frame says how the answer to one command line is told from the text that it
// holds. tmux frames a block by guessable lines and escapes nothing between
// them, so a frame trusts a guard only where no pane's text can stand.
type Frame struct {
	// blocks is how many commands the line has: one block each, unless one
	// fails, which drops the rest of the line without blocks.
	Blocks int

	// counted, when positive, is the index of the block that holds exactly as
	// many lines as the number at the start of block 0. Every other block
	// holds only text of tmux's own making (ids, numbers, error messages that
	// quote ids), a few lines at most.
	Counted int

	// nonce, when set, is printed by a command after those of the answer, and
	// all of block free, which may hold any text, comes before it.
	Nonce string
	// free is the index of that block. Those before it hold tmux's own text.
	FreeText int
	// sealed: the nonce is on the line itself, in the error of a last command
	// that must fail. tmux lets nothing come between the commands of a line,
	// so what stands between block free and the nonce is known to the letter.
	// Not sealed: the nonce is printed by a line of its own, also when the
	// answer is an error; block free is the only one and ends at the last
	// line that closes it.
	Sealed bool
}

// appendLine appends a command line, and what makes tmux print the nonce after it,
// as they go over the wire.
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

// MaxOwnLines bounds a block of tmux's own text; more means that the stream
// is not what it seems.
const MaxOwnLines = 16

// block is what one command printed.
type Block struct {
	Failed bool   // it ended with %error; Body is tmux's message
	Body   []byte // the lines, each ended by \n
}

// answer collects the blocks of one command line.
type Answer struct {
	Frame    Frame
	Blocks   []Block
	TooLarge bool // a body was longer than allowed and was dropped
}

// linesOf is how many lines block i holds, -1 if tmux's guard is to be trusted.
// ok is false when it is counted but the count is missing.
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
