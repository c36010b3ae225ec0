package api

import (
	"encoding/base64"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func with(header, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(header, value) }
}

func TestEveryRouteNeedsAToken(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	c.create("")
	wrong := strings.Replace(aliceToken, "alice", "alicf", 1)
	for _, r := range c.server.routes() {
		path := strings.ReplaceAll(r.path, ":id", "1")
		for _, spelling := range []string{path, path + "/"} {
			for _, token := range []string{"", wrong, "x"} {
				a := c.as(token).call(r.method, spelling, "")
				if r.access == public {
					require.Equal(t, 200, a.status, spelling)
					continue
				}
				c.problem(a, 401)
				require.Equal(t, []string{`Bearer realm="interplexer"`, `Basic realm="interplexer", charset="UTF-8"`},
					a.header.Values("WWW-Authenticate"))
			}
		}
	}
	require.Len(t, c.memory.sessions, 1)
	require.Empty(t, c.memory.sent)
}

func TestWaysToGiveAToken(t *testing.T) {
	t.Parallel()
	c := start(t, nil).as("")
	basic := func(s string) string { return "Basic " + base64.StdEncoding.EncodeToString([]byte(s)) }
	for header, status := range map[string]int{
		"Bearer " + aliceToken:               200,
		"bEARER   " + aliceToken + "  ":      200,
		basic("anyone:" + aliceToken):        200,
		basic(":" + aliceToken):              200,
		"basic " + basic(":" + bobToken)[6:]: 200,
		basic(aliceToken + ":"):              401,
		basic(aliceToken):                    401,
		"Basic %%%":                          401,
		aliceToken:                           401,
		"Bearer":                             401,
		"Bearer " + aliceToken + " x":        401,
		"Token " + aliceToken:                401,
	} {
		a := c.call("GET", "/api/sessions", "", with("Authorization", header))
		require.Equal(t, status, a.status, header)
	}
	twice := func(r *http.Request) {
		r.Header["Authorization"] = []string{"Bearer " + aliceToken, "Bearer " + bobToken}
	}
	require.Equal(t, 401, c.call("GET", "/api/sessions", "", twice).status)
}

func TestMetricsAreForAdministrators(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	require.Equal(t, "urn:interplexer:problem:not-admin", c.problem(c.call("GET", "/metrics", ""), 403).Type)
	c.call("GET", "/api/sessions/4711", "")
	page := c.as(rootToken).call("GET", "/metrics", "").body
	require.Contains(t, page, `interplexer_http_request_duration_seconds_count{route="/api/sessions/:id",status="4xx"} 1`)
	require.Contains(t, page, `interplexer_build_info{version="1.2.3"} 1`)
	require.Contains(t, page, "go_goroutines")
	require.NotRegexp(t, `"[^"\n]*4711[^"\n]*"`, page, "no label tells the path; a value may have any digits")
}

func TestHosts(t *testing.T) {
	t.Parallel()
	c := start(t, func(o *Options) { o.AllowedHosts = []string{"Tmux.Example.org", " "} })
	for host, ok := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:80": true, "10.1.2.3:8420": true, "[::1]": true, "[::1]:8420": true,
		"localhost": true, "LocalHost:1": true, "localhost.": true,
		"tmux.example.org": true, "TMUX.example.org.:8420": true,
		"evil.example.org": false, "tmux.example.org.evil.org": false, "localhost.evil.org": false,
		"127.0.0.1.evil.org": false, "[localhost]": false, "[127.0.0.1]": false, "localhost:x": false, "localhost:1:2": false,
	} {
		a := c.call("GET", "/api/sessions", "", func(r *http.Request) { r.Host = host })
		if ok {
			require.Equal(t, 200, a.status, host)
			continue
		}
		require.Equal(t, "urn:interplexer:problem:host-not-allowed", c.problem(a, 421).Type, host)
	}
	require.False(t, newHosts(nil).allow(""))
	require.True(t, newHosts([]string{"*"}).allow("anything.org:1"))
}

func TestCrossOriginWritesAreRefused(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for _, header := range []func(*http.Request){
		with("Sec-Fetch-Site", "cross-site"), with("Sec-Fetch-Site", "same-site"), with("Origin", "https://evil.example"),
	} {
		a := c.call("POST", "/api/sessions", "", header)
		require.Equal(t, "urn:interplexer:problem:cross-origin", c.problem(a, 403).Type)
		c.problem(c.call("PATCH", "/nowhere", "", header), 403)
		require.Equal(t, 200, c.call("GET", "/api/sessions", "", header).status)
	}
	require.Equal(t, 201, c.call("POST", "/api/sessions", "", with("Origin", c.url)).status)
	require.Equal(t, 201, c.call("POST", "/api/sessions", "", with("Sec-Fetch-Site", "same-origin")).status)
	require.Len(t, c.memory.created, 2)
}
