package controlmode_test

import (
	"bytes"
	"io"
	"os"
	"os/exec"
	"testing"

	"github.com/creack/pty"
	"github.com/stretchr/testify/require"
	"golang.org/x/term"

	"interplexer/controlmode"
)

// rawLine is the command of Ping.
const rawLine = "display-message -p ok\n"

// rawLoop is the least code that can drive a control-mode client: it writes command
// lines and counts the lines that end a block.
type rawLoop struct {
	pty   io.ReadWriter
	lines []byte // a window of command lines
	buf   []byte
	// carry is the start of a line whose end has not been read.
	carry []byte
}

func startRawLoop(b *testing.B, socket string) *rawLoop {
	master, slave, err := pty.Open()
	require.NoError(b, err)
	_, err = term.MakeRaw(int(slave.Fd()))
	require.NoError(b, err)
	cmd := exec.Command("tmux", "-u", "-L", socket, "-C", "new-session", "-s", "raw", "exec sleep 2147483647",
		";", "refresh-client", "-f", "no-output,ignore-size", ";", "display-message", "-p", "raw loop attached")
	cmd.Env = controlmode.CleanEnv(os.Environ())
	cmd.Stdin, cmd.Stdout, cmd.Stderr = slave, slave, slave
	require.NoError(b, cmd.Start())
	slave.Close()
	b.Cleanup(func() {
		cmd.Process.Kill() // the client first: see Conn.Close
		cmd.Wait()
		master.Close()
	})
	r := &rawLoop{pty: master, buf: make([]byte, 64<<10), lines: bytes.Repeat([]byte(rawLine), throughputCallers)}
	for !bytes.Contains(r.carry, []byte("\nraw loop attached\n")) || !bytes.Contains(r.carry, []byte("%session-changed")) {
		n, err := master.Read(r.buf)
		require.NoError(b, err)
		r.carry = append(r.carry, r.buf[:n]...)
	}
	r.carry = nil
	return r
}

// run has n commands answered, a window of them in flight at a time.
func (r *rawLoop) run(b *testing.B, n int) {
	end := []byte("\n%end ")
	sent := 0
	send := func(k int) {
		k = min(k, n-sent)
		if k == 0 {
			return
		}
		sent += k
		_, err := r.pty.Write(r.lines[:k*len(rawLine)])
		require.NoError(b, err)
	}
	send(throughputCallers)
	for answered := 0; answered < n; {
		got, err := r.pty.Read(r.buf)
		require.NoError(b, err)
		r.carry = append(r.carry, r.buf[:got]...)
		ends := bytes.Count(r.carry, end)
		answered += ends
		send(ends)
		// The rest may be the start of an end.
		keep := min(len(r.carry), len(end)-1)
		r.carry = r.carry[:copy(r.carry, r.carry[len(r.carry)-keep:])]
	}
}
