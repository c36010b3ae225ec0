package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"
	"time"
)

// requestForeign requests another user's session, which must not exist for a stranger.
func (a *client) requestForeign(ctx context.Context, one choice) {
	others := a.model.all()
	if len(others) == 0 {
		return
	}
	var id int64
	a.model.locked(func() { id = others[at(one.pick, len(others))].id })
	if id == 0 {
		id = 1 << 40 // no session has it
	}
	routes := []call{
		{method: "GET", path: "/api/sessions/%d"},
		{method: "DELETE", path: "/api/sessions/%d"},
		{method: "GET", path: "/api/sessions/%d/capture-pane"},
		{method: "GET", path: "/api/sessions/%d/capture-pane?wait=1", wait: time.Second},
		{method: "GET", path: "/api/sessions/%d/events"},
		{method: "GET", path: "/api/sessions/%d/attach"},
		{method: "POST", path: "/api/session/%d/capture-pane/"},
		{method: "POST", path: "/api/session/%d/send-keys/", body: `{"keys":"a stranger was here"}`},
		{method: "POST", path: "/api/sessions/%d/send-keys", body: `{"hex":"03"}`},
	}
	k := routes[one.seed%uint64(len(routes))]
	k.what, k.path = "stranger", fmt.Sprintf(k.path, id)
	if r := a.do(ctx, a.user, k); r.err == nil && r.problem != "not-found" && !transient[r.problem] {
		a.model.violation("a stranger's %s %s got %d %.300q", k.method, k.path, r.status, r.body)
	}
	k = call{what: "stranger", method: "GET", path: "/api/sessions"}
	if r := a.do(ctx, a.user, k); r.status == 200 && strings.TrimSpace(r.body) != "[]" {
		a.model.violation("a stranger's list is %.300q", r.body)
	}
}

// sendMalformed sends a malformed request, or bytes that are no request.
func (a *client) sendMalformed(ctx context.Context, one choice) {
	bad := []call{
		{method: "POST", path: "/api/sessions", body: `{"command":`},
		{method: "POST", path: "/api/sessions", body: `{"command":"` + strings.Repeat("x", 5<<20) + `"}`},
		{method: "POST", path: "/api/sessions", body: `{"name":1,"width":-1}`},
		{method: "POST", path: "/api/session/1/send-keys/", body: "\xff\x00"},
		{method: "PATCH", path: "/api/sessions/1"},
		{method: "GET", path: "/api/sessions/%31"},
		{method: "GET", path: "/api/sessions/-1/capture-pane?wait=forever"},
		{method: "GET", path: "/../../etc/passwd"},
		{method: "GET", path: "/metrics"},
	}
	raw := []string{
		"\x16\x03\x01\x00\x00 hello", "GET / HTTP/9.9\r\n\r\n", "GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n",
		"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\nAuthorization: Bearer " + a.user.token + "\r\n\r\n{",
		"POST /api/sessions HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nAuthorization: Bearer " + a.user.token + "\r\n\r\nZZ\r\n",
		"GET /api/sessions HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ipx_wrong\r\n\r\n",
		"GET /api/sessions HTTP/1.1\r\nHost: localhost\r\nX: " + strings.Repeat("y", 2<<20) + "\r\n\r\n",
	}
	if n := int(one.seed % uint64(len(bad)+len(raw))); n < len(bad) {
		bad[n].what = "malformed"
		if r := a.do(ctx, a.user, bad[n]); r.err == nil && r.status < 400 {
			a.model.violation("the malformed %s %s got %d %.200q", bad[n].method, bad[n].path, r.status, r.body)
		}
	} else {
		a.sendRaw(raw[n-len(bad)], time.Duration(one.pick*float64(time.Second)))
	}
}

// sendRaw writes to a connection, and leaves after a time.
func (a *client) sendRaw(text string, stay time.Duration) {
	conn, err := net.DialTimeout("tcp", strings.TrimPrefix(a.testbed.url(), "http://"), time.Second)
	if err != nil {
		return
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(stay))
	_, _ = io.WriteString(conn, text)
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		a.stats.count("malformed", "no response")
		return
	}
	var status int
	if _, err := fmt.Sscanf(line, "HTTP/1.1 %d", &status); err != nil || status < 400 || status == 500 {
		a.model.violation("the malformed %.60q got %q", text, line)
	}
	a.stats.count("malformed", fmt.Sprint(status))
}
