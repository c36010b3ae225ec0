package wire

import "bytes"

// guard is the part that a block's %begin line shares with its %end or %error line:
// the time, the number and the flags, as tmux wrote them.
type guard struct{ text []byte }

// ours reports whether the block answers a line that this client wrote (flags 1). The
// attach and hooks have flags 0.
func (g guard) ours() bool { return g.text[len(g.text)-1] == '1' }

// beginOf reads a %begin line; ok is false for any other line.
func beginOf(line []byte) (g guard, ok bool) {
	rest, found := bytes.CutPrefix(line, []byte("%begin "))
	if !found || !isGuard(rest) {
		return guard{}, false
	}
	return guard{text: rest}, true
}

// closedBy reports whether line ends the block that g began, and whether as a
// failure.
func (g guard) closedBy(line []byte) (closed, failed bool) {
	if rest, found := bytes.CutPrefix(line, []byte("%end ")); found {
		return bytes.Equal(rest, g.text), false
	}
	if rest, found := bytes.CutPrefix(line, []byte("%error ")); found {
		return bytes.Equal(rest, g.text), true
	}
	return false, false
}

// isGuard reports whether b is three decimal numbers with one blank between them, the
// last one 0 or 1.
func isGuard(b []byte) bool {
	fields := 1
	digits := 0
	for _, c := range b {
		switch {
		case c == ' ' && digits > 0:
			fields++
			digits = 0
		case c >= '0' && c <= '9':
			digits++
		default:
			return false
		}
	}
	last := len(b) - 1
	return fields == 3 && digits == 1 && (b[last] == '0' || b[last] == '1')
}
