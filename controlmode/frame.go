package controlmode

import "strconv"

// frame says how the answer to one command line is told from the text that it
// holds. tmux frames a block by guessable lines and escapes nothing between
// them, so a frame trusts a guard only where no pane's text can stand.
type frame struct {
	// blocks is how many commands the line has: one block each, unless one
	// fails, which drops the rest of the line without blocks.
	blocks int

	// counted, when positive, is the index of the block that holds exactly as
	// many lines as the number at the start of block 0. Every other block
	// holds only text of tmux's own making (ids, numbers, error messages that
	// quote ids), a few lines at most.
	counted int

	// nonce, when set, is printed by a command after those of the answer, and
	// all of block free, which may hold any text, comes before it.
	nonce string
	// free is the index of that block. Those before it hold tmux's own text.
	free int
	// sealed: the nonce is on the line itself, in the error of a last command
	// that must fail. tmux lets nothing come between the commands of a line,
	// so what stands between block free and the nonce is known to the letter.
	// Not sealed: the nonce is printed by a line of its own, also when the
	// answer is an error; block free is the only one and ends at the last
	// line that closes it.
	sealed bool
}

// maxOwnLines bounds a block of tmux's own text; more means that the stream
// is not what it seems.
const maxOwnLines = 16

// block is what one command printed.
type block struct {
	Failed bool   // it ended with %error; Body is tmux's message
	Body   []byte // the lines, each ended by \n
}

// answer collects the blocks of one command line.
type answer struct {
	frame    frame
	blocks   []block
	tooLarge bool // a body was longer than allowed and was dropped
}

// linesOf is how many lines block i holds, -1 if tmux's guard is to be trusted.
// ok is false when it is counted but the count is missing.
func (a *answer) linesOf(i int) (lines int, ok bool) {
	if a.frame.counted == 0 || i != a.frame.counted {
		return -1, true
	}
	digits := 0
	body := a.blocks[0].Body
	for digits < len(body) && body[digits] >= '0' && body[digits] <= '9' {
		digits++
	}
	n, err := strconv.Atoi(string(body[:digits]))
	return n, err == nil
}
