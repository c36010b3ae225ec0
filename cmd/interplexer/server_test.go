package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// server is a running interplexer serve process.
type server struct {
	*site
	cmd    *exec.Cmd
	url    string
	out    string // its standard output
	log    *logBuffer
	client *http.Client
	exited chan error // has the result of cmd.Wait
}

// launch starts cmd and waits until it serves.
func (s *site) launch(cmd *exec.Cmd) *server {
	s.t.Helper()
	v := &server{site: s, cmd: cmd, log: cmd.Stderr.(*logBuffer), exited: make(chan error, 1)}
	stdout, w, err := os.Pipe()
	require.NoError(s.t, err)
	cmd.Stdout = w
	require.NoError(s.t, cmd.Start())
	require.NoError(s.t, w.Close())
	go func() { v.exited <- cmd.Wait() }()
	s.t.Cleanup(v.kill)

	// The URL, then two or three lines with the next step.
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		v.out += lines.Text() + "\n"
		if url, ok := strings.CutPrefix(lines.Text(), "Interplexer serves "); ok {
			v.url = url
		}
		if strings.HasPrefix(lines.Text(), "  ") && !strings.Contains(lines.Text(), "user add") {
			break
		}
	}
	require.NoError(s.t, stdout.Close())
	require.NotEmptyf(s.t, v.url, "not serving: %s", v.log)
	transport := &http.Transport{MaxIdleConnsPerHost: 256}
	s.t.Cleanup(transport.CloseIdleConnections)
	v.client = &http.Client{Transport: transport, Timeout: 2 * patience}
	return v
}

// kill kills the process, if it has not exited.
func (v *server) kill() {
	_ = v.cmd.Process.Kill()
	v.wait()
}

// wait waits for the process and returns its exit error. It may be called again.
func (v *server) wait() error {
	err := <-v.exited
	v.exited <- err
	return err
}

// stop sends SIGTERM, as a service manager does, and requires a clean exit.
func (v *server) stop() {
	v.t.Helper()
	require.NoError(v.t, v.cmd.Process.Signal(syscall.SIGTERM))
	require.NoErrorf(v.t, v.wait(), "%s", v.log)
	require.NotContains(v.t, v.log.String(), "DATA RACE")
}

// do makes a request, without a body if that is empty, and reads the response.
func (v *server) do(token, method, path, body string) (*http.Response, []byte, error) {
	req, err := http.NewRequestWithContext(context.Background(), method, v.url+path, strings.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	req.Header.Set("Authorization", "Bearer "+token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	res, err := v.client.Do(req)
	if err != nil {
		return nil, nil, err
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	return res, text, err
}

// call is do for a response that must have the status. It returns the body.
func (v *server) call(token, method, path, body string, status int) string {
	v.t.Helper()
	res, text, err := v.do(token, method, path, body)
	require.NoError(v.t, err)
	require.Equalf(v.t, status, res.StatusCode, "%s %s: %s\n%s", method, path, text, v.log)
	return string(text)
}

// sessionJSON has the properties of a session that the tests read.
type sessionJSON struct {
	ID     int64  `json:"id"`
	User   string `json:"user"`
	Name   string `json:"name"`
	Status string `json:"status"`
}

// path returns the path of an action on the session; "" is the session itself.
func (j sessionJSON) path(verb string) string {
	if verb == "" {
		return fmt.Sprintf("/api/sessions/%d/", j.ID)
	}
	return fmt.Sprintf("/api/session/%d/%s/", j.ID, verb)
}

// create creates a session.
func (v *server) create(token, body string) sessionJSON {
	v.t.Helper()
	return decode[sessionJSON](v.t, v.call(token, "POST", "/api/sessions/", body, http.StatusCreated))
}

func decode[T any](t *testing.T, text string) (out T) {
	t.Helper()
	require.NoErrorf(t, json.Unmarshal([]byte(text), &out), "%s", text)
	return out
}

// awaitScreen waits until the screen contains the text.
func (v *server) awaitScreen(token string, j sessionJSON, text string) {
	v.t.Helper()
	var screen string
	shown := assert.Eventually(v.t, func() bool {
		screen = v.call(token, "POST", j.path("capture-pane"), "", http.StatusOK)
		return strings.Contains(screen, text)
	}, patience, tick)
	require.Truef(v.t, shown, "%q is not on the screen:\n%s", text, screen)
}
