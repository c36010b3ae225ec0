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

// pendingRequest is a request whose handler waits for the body.
type pendingRequest struct {
	conn     net.Conn
	response *bufio.Reader
	body     string
}

// startRequest sends a request without its body. The server sends 100 Continue
// when the handler reads the body, so the request is in flight when startRequest
// returns.
func (v *server) startRequest(token, path, body string) *pendingRequest {
	v.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(v.url, "http://"))
	require.NoError(v.t, err)
	v.t.Cleanup(func() { conn.Close() })
	_, err = fmt.Fprintf(conn, "POST %s HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", path, token, len(body))
	require.NoError(v.t, err)
	p := &pendingRequest{conn: conn, response: bufio.NewReader(conn), body: body}
	line, err := p.response.ReadString('\n')
	require.NoError(v.t, err)
	require.Contains(v.t, line, "100 Continue")
	_, err = p.response.ReadString('\n')
	require.NoError(v.t, err)
	return p
}

// finish sends the body and returns the response.
func (p *pendingRequest) finish(t *testing.T) *http.Response {
	t.Helper()
	_, err := p.conn.Write([]byte(p.body))
	require.NoError(t, err)
	res, err := http.ReadResponse(p.response, nil)
	require.NoError(t, err)
	require.NoError(t, res.Body.Close())
	return res
}

// A service that is stopped finishes the requests in flight, accepts no new ones
// and leaves the tmux session alive. The next service finds it running.
func TestStopAndStartAgain(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		j := v.create(token, `{"command":["cat"]}`)
		name := fmt.Sprintf("session-%d", j.ID)
		require.Contains(t, s.tmux("list-sessions", "-F", "#{session_name}"), name)
		p := v.startRequest(token, j.path("send-keys"), `{"keys":"typed at the end"}`)

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

// The shutdown timeout bounds the wait for requests in flight.
func TestStopCutsOff(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start("--shutdown-timeout", "50ms")
	j := v.create(s.firstToken(), "")
	v.startRequest(s.firstToken(), j.path("send-keys"), `{"keys":"never sent"}`)
	v.stop()
	require.Contains(t, v.log.String(), "cut off")
}

// A second signal ends the service without waiting for requests in flight.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	s := newSite(t, "")
	v := s.start("--shutdown-timeout", "10m")
	j := v.create(s.firstToken(), "")
	v.startRequest(s.firstToken(), j.path("send-keys"), `{"keys":"never sent"}`)
	require.NoError(t, v.cmd.Process.Signal(syscall.SIGTERM))
	v.log.await(t, "stopping")
	require.Eventually(t, func() bool {
		_ = v.cmd.Process.Signal(syscall.SIGTERM) // fails once it has gone
		return len(v.exited) > 0
	}, patience, tick)
	require.ErrorContains(t, v.wait(), "terminated")
	require.Contains(t, s.tmux("list-sessions", "-F", "#{session_name}"), fmt.Sprintf("session-%d", j.ID))
}

// A second service on the same tmux socket, or on the same address, fails with a
// message that says why.
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
