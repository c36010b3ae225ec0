package main

import (
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/term"
)

const programRole = "session-program"

const (
	frameInterval = 80 * time.Millisecond
	floodDuration = time.Second
)

// runSessionProgram is the program of every session. It shows numbered frames, and
// writes its input to a file with the name of its mark, byte for byte. The first line
// of the file has its pid. When it gets SIGUSR1, it floods its terminal.
func runSessionProgram(mark, folder string, out io.Writer) error {
	if _, err := term.MakeRaw(int(os.Stdin.Fd())); err != nil {
		return fmt.Errorf("chaos: session program: %w", err)
	}
	flood := make(chan os.Signal, 1)
	signal.Notify(flood, syscall.SIGUSR1)
	// It appends, so that a session that was made twice has both pids in the file.
	file, err := os.OpenFile(filepath.Join(folder, mark), os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	if err != nil {
		return fmt.Errorf("chaos: session program: %w", err)
	}
	defer file.Close()
	if _, err := fmt.Fprintf(file, "pid %d\n", os.Getpid()); err != nil {
		return err
	}
	var ended atomic.Bool
	go func() {
		_, _ = io.Copy(file, os.Stdin) // ends with the terminal
		ended.Store(true)
	}()
	return show(out, mark, flood, &ended)
}

// show draws frames until the terminal is gone.
func show(out io.Writer, mark string, flood <-chan os.Signal, ended *atomic.Bool) error {
	ticker := time.NewTicker(frameInterval)
	defer ticker.Stop()
	for number := 1; !ended.Load(); number++ {
		if _, err := io.WriteString(out, frame(mark, number)); err != nil {
			return err
		}
		select {
		case <-ticker.C:
			continue
		case <-flood:
		}
		for until := time.Now().Add(floodDuration); time.Now().Before(until); {
			var lines strings.Builder
			for range 100 {
				number++
				lines.WriteString("\r\n" + floodLine(mark, number))
			}
			if _, err := io.WriteString(out, lines.String()); err != nil {
				return err
			}
		}
		if _, err := io.WriteString(out, "\x1b[2J"); err != nil {
			return err
		}
	}
	return nil
}

// frame returns the output that draws a frame, whose number is in every line.
func frame(mark string, number int) string {
	var b strings.Builder
	b.WriteString("\x1b[?7l")
	for line := range screenHeight {
		fmt.Fprintf(&b, "\x1b[%d;1H%s", line+1, frameLine(mark, number, line))
	}
	return b.String()
}
