// Frames is the program that runs in the sessions of TestTimedScreensAreTrue
// (package live_test). The test builds it.
package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"golang.org/x/term"
)

const frameTime = 20 * time.Millisecond

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "frames:", err)
		os.Exit(1)
	}
}

// run draws numbered full screens for a time, and leaves the last one standing. It
// begins when somebody opens the FIFO for writing. After the last screen it writes
// a file with two times for each screen, in nanoseconds: when drawing it began, and
// when tmux had it at the latest.
func run(args []string) error {
	if len(args) != 3 {
		return errors.New("usage: frames DURATION FIFO FILE")
	}
	d, err := time.ParseDuration(args[0])
	if err != nil {
		return err
	}
	if _, err := term.MakeRaw(int(os.Stdin.Fd())); err != nil { // so that tmux's responses are not echoed
		return err
	}
	fifo, err := os.Open(args[1])
	if err != nil {
		return err
	}
	defer fifo.Close()
	terminal := bufio.NewReader(os.Stdin)
	drawn, held, err := draw(int(d/frameTime)+1, terminal)
	if err != nil {
		return err
	}
	if err := writeTimes(args[2], drawn, held); err != nil {
		return err
	}
	_, err = io.Copy(io.Discard, terminal)
	return err
}

// draw draws n frames. It returns when each was begun and when tmux had it. Its
// goroutine ends with the last response, or with standard input.
func draw(n int, terminal *bufio.Reader) (drawn, held []time.Time, err error) {
	drawn, held = make([]time.Time, n), make([]time.Time, n)
	answered := make(chan error, 1)
	go func() {
		for i := range held {
			if _, err := terminal.ReadString('R'); err != nil {
				answered <- err
				return
			}
			held[i] = time.Now()
		}
		answered <- nil
	}()
	ticker := time.NewTicker(frameTime)
	for i := range drawn {
		mark := ""
		if i == n-1 {
			mark = "last"
		}
		drawn[i] = time.Now()
		if _, err := os.Stdout.Write(frame(i+1, mark)); err != nil {
			return nil, nil, err
		}
		<-ticker.C
	}
	return drawn, held, <-answered
}

// frame fills 24 lines and then asks for the cursor's position (DSR). tmux answers
// once it has read all of it.
func frame(n int, mark string) []byte {
	var b bytes.Buffer
	for line := range 24 {
		fmt.Fprintf(&b, "\x1b[%d;1H%08d %02d %s", line+1, n, line, mark)
	}
	b.WriteString("\x1b[6n")
	return b.Bytes()
}

func writeTimes(file string, drawn, held []time.Time) error {
	var b bytes.Buffer
	for i := range drawn {
		fmt.Fprintln(&b, drawn[i].UnixNano(), held[i].UnixNano())
	}
	if err := os.WriteFile(file+".new", b.Bytes(), 0o600); err != nil {
		return err
	}
	return os.Rename(file+".new", file)
}
