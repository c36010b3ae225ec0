package api

import (
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// described is the route's spelling in openapi.yaml.
func described(r route) string {
	return r.method + " " + parameterForm.ReplaceAllString(r.path, "{$1}")
}

var parameterForm = regexp.MustCompile(`:(\w+)`)

func TestSpecificationNamesEveryRouteAndNoOther(t *testing.T) {
	t.Parallel()
	spec, err := loadSpec()
	require.NoError(t, err)
	var served, specified []string
	for _, r := range New(Options{Registry: &memory{}, Accounts: &memory{}}).routes() {
		served = append(served, described(r))
	}
	for path, item := range spec.Paths.Map() {
		for method, operation := range item.Operations() {
			specified = append(specified, method+" "+path)
			open := operation.Security != nil && len(*operation.Security) == 0
			for _, r := range New(Options{}).routes() {
				if described(r) == method+" "+path {
					require.Equal(t, r.access == public, open, "%s %s: security", method, path)
					require.Equal(t, r.access != public, operation.Responses.Value("401") != nil, "%s %s: 401", method, path)
				}
			}
		}
	}
	require.ElementsMatch(t, served, specified)
}

func TestEveryPathWithAndWithoutSlash(t *testing.T) {
	t.Parallel()
	c := start(t, nil).as(rootToken)
	for _, slash := range []string{"", "/"} {
		at := c.create("")
		singular := strings.Replace(at, "sessions", "session", 1)
		for _, r := range []struct {
			method, path, body string
			status             int
		}{
			{"GET", "/healthz", "", 200},
			{"GET", "/readyz", "", 200},
			{"GET", "/openapi.yaml", "", 200},
			{"GET", "/metrics", "", 200},
			{"POST", "/api/sessions", "", 201},
			{"GET", "/api/sessions", "", 200},
			{"GET", at, "", 200},
			{"GET", at + "/capture-pane", "", 200},
			{"POST", at + "/capture-pane", "", 200},
			{"POST", singular + "/capture-pane", "", 200},
			{"POST", at + "/send-keys", `{"keys":"echo hello"}`, 204},
			{"POST", singular + "/send-keys", `{"keys":["echo hello","C-m"]}`, 204},
			{"PATCH", at, `{"name":"other"}`, 200},
			{"DELETE", at, "", 204},
		} {
			a := c.call(r.method, r.path+slash, r.body)
			require.Equal(t, r.status, a.status, "%s %s: %s", r.method, r.path+slash, a.body)
			if r.method == "GET" && r.status == 200 {
				continue
			}
			require.Equal(t, "no-store", a.header.Get("Cache-Control"))
		}
		c.problem(c.call("GET", at+slash, ""), 404)
	}
}

func TestUnknownPathsAndMethods(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for _, path := range []string{"/", "/api", "/api/session/1", "/api/sessions//", "//api/sessions", "/api/sessions/1/x", "/API/sessions", "/api/../healthz"} {
		require.Equal(t, "urn:interplexer:problem:not-found", c.problem(c.call("GET", path, ""), 404).Type, path)
	}
	for path, allow := range map[string][]string{
		"/api/sessions":                {"GET", "HEAD", "POST"},
		"/api/sessions/1/":             {"DELETE", "GET", "HEAD", "PATCH"},
		"/api/session/1/send-keys":     {"POST"},
		"/api/sessions/1/capture-pane": {"GET", "HEAD", "POST"},
	} {
		a := c.call("PUT", path, "")
		c.problem(a, 405)
		require.ElementsMatch(t, allow, strings.Split(a.header.Get("Allow"), ", "), path)
	}
}

func TestHead(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create("")
	get, head := c.call("GET", at, ""), c.call("HEAD", at, "")
	require.Equal(t, 200, head.status)
	require.Equal(t, get.header.Get("Content-Length"), head.header.Get("Content-Length"))
	require.Equal(t, 401, c.as("").call("HEAD", at, "").status)
}

func TestHTTPServerHasEveryLimit(t *testing.T) {
	t.Parallel()
	s := New(Options{}).HTTPServer("127.0.0.1:1")
	require.Equal(t, "127.0.0.1:1", s.Addr)
	for _, limit := range []any{s.ReadHeaderTimeout, s.ReadTimeout, s.WriteTimeout, s.IdleTimeout, s.MaxHeaderBytes} {
		require.NotZero(t, limit)
	}
}
