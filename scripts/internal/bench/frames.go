package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"
)

const framesRole = "draw-frames"

// frameTime makes 20 frames a second.
const frameTime = 50 * time.Millisecond

// drawFrames is the program of a session whose screen changes all the time.
func drawFrames(ctx context.Context, _ []string, out io.Writer) error {
	ticker := time.NewTicker(frameTime)
	defer ticker.Stop()
	for n := 1; ; n++ {
		if _, err := out.Write(frame(n)); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
	}
}

// frame draws a screen whose every line tells the frame's number.
func frame(n int) []byte {
	var b bytes.Buffer
	b.WriteString("\x1b[?7l\x1b[H")
	for line := range screenHeight {
		fmt.Fprintf(&b, "\x1b[%d;1H%010d %s", line+1, n, screenText(line)[:screenWidth-11])
	}
	return b.Bytes()
}

var errFrame = errors.New("bench: not a frame that could have been")

// checkFrame returns the number of the frame that a screen shows. tmux reads a
// program's output in pieces, so the lines below may still be of the frame
// before; anything else was put together wrongly.
func checkFrame(screen []byte) (int, error) {
	first, last := 0, 0
	for line := range bytes.Lines(screen) {
		n, err := strconv.Atoi(string(line[:min(10, len(line))]))
		if err != nil {
			return 0, fmt.Errorf("%w: %q", errFrame, line)
		}
		if first == 0 {
			first, last = n, n
		}
		if n > last || n < first-1 {
			return 0, fmt.Errorf("%w: line %d after %d", errFrame, n, last)
		}
		last = n
	}
	return first, nil
}
