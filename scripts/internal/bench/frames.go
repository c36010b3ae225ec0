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

// frameInterval gives 20 frames a second.
const frameInterval = 50 * time.Millisecond

// drawFrames is the program of a session whose screen changes all the time.
func drawFrames(ctx context.Context, _ []string, out io.Writer) error {
	ticker := time.NewTicker(frameInterval)
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

// frame returns the output that draws frame n. Every line of it shows the number.
func frame(n int) []byte {
	var b bytes.Buffer
	b.WriteString("\x1b[?7l\x1b[H")
	for line := range screenHeight {
		fmt.Fprintf(&b, "\x1b[%d;1H%010d %s", line+1, n, screenText(line)[:screenWidth-11])
	}
	return b.Bytes()
}

var errFrame = errors.New("bench: the screen never was like this")

// checkFrame returns the number of the frame that a screen shows. tmux reads the
// output of a program in pieces, so that the lower lines may still be those of the
// frame before. Any other mixture is an error.
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
