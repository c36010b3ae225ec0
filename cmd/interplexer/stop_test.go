package main

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"
)

// pending is a request whose handler waits for the body.
type pending struct {
	conn   net.Conn
	answer *bufio.Reader
	body   string
}

// begin sends a request up to its body. The server answers 100 Continue when
// the handler reads that, so the request is in flight once begin returns.
func (v *server) begin(token, path, body string) *pending {
	v.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(v.url, "http://"))
	require.NoError(v.t, err)
	v.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", path, token, len(body))
	require.NoError(v.t, err)
	p := &pending{conn: conn, answer: bufio.NewReader(conn), body: body}
	line, err := p.answer.ReadString('\n')
	require.NoError(v.t, err)
	require.Contains(v.t, line, "100 Continue")
	_, err = p.answer.ReadString('\n')
	require.NoError(v.t, err)
	return p
}

func (p *pending) finish(t *testing.T) *http.Response {
	t.Helper()
	_, err := p.conn.Write([]byte(p.body))
	require.NoError(t, err)
	res, err := http.ReadResponse(p.answer, nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

// A server that is stopped finishes what is in flight, takes nothing new and
// leaves the tmux session alive; the next one finds it running.
func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		j := v.create(token, `{"command":["cat"]}`)
		name := fmt.Sprintf("session-%d", j.ID)
		require.Contains(t, s.tmux("list-sessions", "-F", "#{session_name}"), name)
		p := v.begin(token, j.path("send-keys"), `{"keys":"typed at the end"}`)

		require.NoError(t, v.cmd.Process.Signal(syscall.SIGTERM))
		v.log.await(t, "stopping")
		require.Eventually(t, func() bool {
			conn, err := net.Dial("tcp", strings.TrimPrefix(v.url, "http://"))
			if err == nil {
				conn.Close()
			}
			return err != nil
		}, patience, tick)
		require.Equal(t, http.StatusNoContent, p.finish(t).StatusCode)
		require.NoErrorf(t, v.wait(), "%s", v.log)

		require.Contains(t, s.tmux("list-sessions", "-F", "#{session_name}"), name)
		v = s.start()
		again := decode[sessionJSON](t, v.call(token, "GET", j.path(""), "", http.StatusOK))
		require.Equal(t, "running", again.Status)
		v.awaitScreen(token, j, "typed at the end")
		v.call(token, "DELETE", j.path(""), "", http.StatusNoContent)
		v.stop()
	})
}

// The wait for requests in flight is bounded.
func TestStopCutsOff(t *testing.T) {
	s := newSite(t, "")
	v := s.start("--shutdown-timeout", "50ms")
	j := v.create(s.firstToken(), "")
	v.begin(s.firstToken(), j.path("send-keys"), `{"keys":"never sent"}`)
	v.stop()
	require.Contains(t, v.log.String(), "cut off")
}

// Whoever does not want to wait sends the signal again.
func TestSecondSignal(t *testing.T) {
	s := newSite(t, "")
	v := s.start("--shutdown-timeout", "10m")
	j := v.create(s.firstToken(), "")
	v.begin(s.firstToken(), j.path("send-keys"), `{"keys":"never sent"}`)
	require.NoError(t, v.cmd.Process.Signal(syscall.SIGTERM))
	v.log.await(t, "stopping")
	require.Eventually(t, func() bool {
		_ = v.cmd.Process.Signal(syscall.SIGTERM) // fails once it has gone
		return len(v.exited) > 0
	}, patience, tick)
	require.ErrorContains(t, v.wait(), "terminated")
	require.Contains(t, s.tmux("list-sessions", "-F", "#{session_name}"), fmt.Sprintf("session-%d", j.ID))
}

// Two servers never own one tmux socket, and the second says so.
func TestSecondServer(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start()
	j := v.create(s.firstToken(), "")
	cmd := s.command()
	err := cmd.Run()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Equal(t, exitFailure, exit.ExitCode())
	require.Contains(t, cmd.Stderr.(*logBuffer).String(), fmt.Sprintf("another interplexer serves the tmux socket %q", s.socket))
	require.Equal(t, "running", decode[sessionJSON](t, v.call(s.firstToken(), "GET", j.path(""), "", http.StatusOK)).Status)

	// An address that is taken.
	cmd = s.command("--tmux-socket", s.socket+"-2", "--listen", strings.TrimPrefix(v.url, "http://"))
	require.ErrorAs(t, cmd.Run(), &exit)
	require.Equal(t, exitFailure, exit.ExitCode())
	require.Contains(t, cmd.Stderr.(*logBuffer).String(), "is in use by another program")
	v.stop()
}
