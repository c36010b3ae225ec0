package api

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestRequestIDs(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for _, id := range []string{"a", "A-z_0.9", strings.Repeat("x", 64)} {
		require.Equal(t, id, c.call("GET", "/api/sessions", "", with("X-Request-Id", id)).header.Get("X-Request-Id"))
	}
	seen := map[string]bool{}
	for _, id := range []string{"", "a b", "a\tb", "é", `"`, strings.Repeat("x", 65)} {
		got := c.call("GET", "/nowhere", "", with("X-Request-Id", id)).header.Get("X-Request-Id")
		require.NotEqual(t, id, got)
		require.False(t, seen[got])
		seen[got] = true
	}
}

// lines decodes the access log.
func (c *client) lines() (lines []map[string]any) {
	for text := range strings.Lines(c.log.String()) {
		line := map[string]any{}
		require.NoError(c.t, json.Unmarshal([]byte(text), &line))
		if line["msg"] == "request" {
			lines = append(lines, line)
		}
	}
	return lines
}

func TestAccessLog(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	c.call("GET", at+"/capture-pane?pane=%255", "", with("X-Request-Id", "mine"), with("User-Agent", "agent-x"))
	c.call("POST", at+"/send-keys", `{"text":"hunter2"}`)
	c.call("GET", "/api/sessions/77", "")
	c.memory.fail = errBoom
	c.call("GET", at, "")
	c.as("ipx_wrong").call("GET", "/api/sessions?token="+bobToken, "")

	lines := c.lines()
	levels := []any{}
	for _, l := range lines {
		levels = append(levels, l["level"])
	}
	require.Equal(t, []any{"INFO", "DEBUG", "INFO", "INFO", "ERROR", "INFO"}, levels)
	poll := lines[1]
	require.Regexp(t, `^127\.0\.0\.1:\d+$`, poll["remote"])
	require.Positive(t, poll["duration"])
	for _, varying := range []string{"remote", "duration", "time", "level", "msg"} {
		delete(poll, varying)
	}
	require.Equal(t, map[string]any{
		"method": "GET", "route": "/api/sessions/:id/capture-pane", "path": "/api/sessions/1/capture-pane",
		"status": 200.0, "bytes": float64(len("$ echo é\né\n\n")), "user": "alice", "request_id": "mine",
	}, poll)
	for _, secret := range []string{aliceToken, bobToken, "ipx_", "hunter2", "agent-x", "Bearer"} {
		require.NotContains(t, c.log.String(), secret)
	}
}

func TestClientThatLeftIsNotAnError(t *testing.T) {
	t.Parallel()
	m, log := &memory{fail: context.Canceled}, &buffer{}
	s := New(Options{Registry: m, Runs: m, Waits: m, Keys: memoryKeys{m}, Accounts: m, Logger: slog.New(slog.NewJSONHandler(log, nil))})
	ctx, cancel := context.WithCancel(t.Context())
	m.do = cancel
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/api/sessions", nil)
	r.Host = "localhost"
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, r)
	require.NotEqual(t, 200, w.Code)
	require.Contains(t, log.String(), `"status":499`)
	require.NotContains(t, log.String(), "ERROR")
}
