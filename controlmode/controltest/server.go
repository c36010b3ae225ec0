// Package controltest helps to test code that uses controlmode.
//
// Start gives a test a Server on a real tmux of its own, which ends with the test.
// SocketName gives only the name for one, for tests that start tmux themselves. Tmux
// runs an ordinary tmux client, to prepare a situation and to look at the result from
// outside of the code under test. Tests on private servers may run in parallel. They
// need a tmux in $PATH, and fail without one: nothing is skipped.
//
// A Recorder writes down the stream between a client and tmux. A Replay plays tmux's
// part of it, on machines without tmux or for a release that is not installed. A
// replayed client must write the same in every run: give Dial and NewConn a
// ConnOptions.Nonce that counts, send from one goroutine, and send no input of more
// than 4 KiB, which passes through buffers with random names.
package controltest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"testing"
	"time"

	"interplexer/controlmode"
)

var socketCount atomic.Int64

// SocketName returns a tmux socket name (tmux -L) that nobody else uses. When the
// test ends, the tmux server on it, if any, is killed and its files are removed.
// Without a tmux in $PATH the test fails.
func SocketName(t testing.TB) string {
	t.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		t.Fatalf("these tests need a real tmux (Debian: apt-get install tmux): %v", err)
	}
	name := fmt.Sprintf("ipxtest-%d-%d", os.Getpid(), socketCount.Add(1))
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		exec.CommandContext(ctx, "tmux", "-L", name, "kill-server").Run() // it may have ended already
		base := os.Getenv("TMUX_TMPDIR")
		if base == "" {
			base = "/tmp"
		}
		path := filepath.Join(base, "tmux-"+strconv.Itoa(os.Getuid()), name)
		os.Remove(path)
		os.Remove(path + ".interplexer")
	})
	return name
}

// Start starts a Server on a private tmux server, and ends both with the test. A
// socket name in the options is kept: get it from SocketName. Without a tmux in
// $PATH, or with one that does not start, the test fails.
func Start(t testing.TB, o controlmode.ServerOptions) *controlmode.Server {
	t.Helper()
	if o.SocketName == "" {
		o.SocketName = SocketName(t)
	}
	server := controlmode.NewServer(o)
	if err := server.Start(t.Context()); err != nil {
		t.Fatalf("start tmux: %v", err)
	}
	t.Cleanup(func() { server.Close() })
	return server
}

// Tmux runs an ordinary tmux command on a private server and returns its output, to
// look at the server from outside of the code under test. `wait-for` makes it wait
// for a program in a pane, half a minute at most. When tmux fails, so does the test.
func Tmux(t testing.TB, socketName string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	out, err := exec.CommandContext(ctx, "tmux", append([]string{"-u", "-L", socketName}, args...)...).Output()
	if err != nil {
		said := ""
		if exit := (*exec.ExitError)(nil); errors.As(err, &exit) {
			said = string(exit.Stderr)
		}
		t.Fatalf("tmux %q: %v: %s", args, err, said)
	}
	return string(out)
}
