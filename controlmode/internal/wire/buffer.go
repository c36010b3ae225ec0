package wire

import (
	"bytes"
	"fmt"
)

// BufferText returns the text of a buffer from the output of show-buffer, which adds a
// newline of its own, and may encode the text (up to tmux 3.3a; see DecodeVis). The
// buffer of a capture ends with a newline.
func BufferText(printed []byte, encoded bool) ([]byte, error) {
	text, ok := bytes.CutSuffix(printed, []byte("\n"))
	if !ok || !bytes.HasSuffix(text, []byte("\n")) {
		return nil, fmt.Errorf("%w: show-buffer printed no newline of its own", ErrProtocol)
	}
	if encoded {
		return DecodeVis(text)
	}
	return text, nil
}

// FirstLines cuts the output of show-buffer after so many lines: from tmux 3.4 to 3.5a
// it may print memory behind the text.
func FirstLines(printed []byte, lines int) ([]byte, error) {
	end := 0
	for range lines {
		n := bytes.IndexByte(printed[end:], '\n') + 1
		if n == 0 {
			return nil, fmt.Errorf("%w: show-buffer printed less than %d lines", ErrProtocol, lines)
		}
		end += n
	}
	return printed[:end:end], nil
}

// FirstBytes cuts the output of show-buffer to the buffer's size, for the same reason.
// size is a line with that number.
func FirstBytes(printed, size []byte) ([]byte, error) {
	r := RecordReader{Rest: string(size)}
	n := r.Number()
	if r.Newline(); r.Bad || r.Rest != "" {
		return nil, fmt.Errorf("%w: a buffer's size is %q", ErrProtocol, size)
	}
	if n > len(printed) {
		return nil, fmt.Errorf("%w: show-buffer printed %d bytes of %d", ErrProtocol, len(printed), n)
	}
	return printed[:n:n], nil
}
