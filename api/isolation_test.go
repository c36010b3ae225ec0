package api

import (
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// attempts are the bodies with which a route is tried on a session. The route would
// accept each of them from the owner.
func attempts(t *testing.T, r route, pane string) []string {
	t.Helper()
	switch {
	case r.method == http.MethodPatch && strings.HasSuffix(r.path, "/:id"):
		return []string{"", `{"name":"stranger"}`, `{"labels":{"a":"stranger"}}`, `{"width":50,"height":5}`, `{"keep_after_exit":true}`}
	case r.method != http.MethodPost && r.method != http.MethodPatch:
		return []string{""}
	case strings.HasSuffix(r.path, "/respawn"):
		return []string{"", `{"kill":true,"command":["sh"]}`}
	case strings.HasSuffix(r.path, "/windows"):
		return []string{"", `{"name":"stranger","command":["sh"]}`}
	case strings.HasSuffix(r.path, "/windows/:window"):
		return []string{`{"name":"stranger"}`, `{"layout":"tiled","active":true}`}
	case strings.HasSuffix(r.path, "/panes"):
		return []string{"", `{"pane":"` + pane + `","command":["sh"]}`}
	case strings.HasSuffix(r.path, "/panes/:pane"):
		return []string{`{"width":10}`, `{"zoomed":true,"active":true}`}
	case strings.HasSuffix(r.path, "/swap"):
		return []string{`{"with":"` + pane + `"}`}
	case strings.HasSuffix(r.path, "/capture-pane"):
		return []string{
			"", `{"pane":"` + pane + `"}`, `{"trim":true}`, `{"format":"ansi","join":true}`, `{"lines":5}`, `{"start":"-"}`, `{"lines":3000}`,
			`{"format":"json","styles":true}`, `{"format":"html"}`, `{"format":"svg"}`, `{"format":"png"}`,
		}
	case strings.HasSuffix(r.path, "/run"):
		return []string{`{"command":"echo stranger"}`, `{"command":"echo stranger","pane":"` + pane + `"}`}
	case strings.HasSuffix(r.path, "/exec"):
		return []string{`{"command":"true"}`}
	case strings.HasSuffix(r.path, "/sessions"):
		return []string{`{"name":"stranger"}`}
	case strings.HasSuffix(r.path, "/wait"):
		return []string{`{"text":"before"}`, `{"exit":true}`, `{"quiet_ms":1,"pane":"` + pane + `"}`, `{"text":"x","send":{"keys":"stranger"}}`}
	case strings.HasSuffix(r.path, "/send-keys"):
		return []string{
			`{"keys":"stranger"}`, `{"keys":["stranger","C-c"]}`, `{"text":"stranger"}`, `{"hex":"03"}`,
			`{"paste":"stranger"}`, `{"keys":"stranger","pane":"` + pane + `"}`,
		}
	}
	require.Fail(t, "no body for this route", "%s %s: add one", r.method, r.path)
	return nil
}

func TestStrangersFindNothing(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		owner := s.user("alice", false)
		at := owner.create(`{"name":"secret","command":["cat"]}`)
		owner.call("POST", at+"/send-keys", `{"keys":"before"}`)
		owner.shows(at, "before\nbefore\n")
		before := owner.session(at)
		pane := before.Panes[0].ID
		inside := strings.NewReplacer(":window", before.Windows[0].ID[1:], ":pane", pane[1:])
		tmux := func() string {
			return controltest.Tmux(t, s.socket, "list-panes", "-a", "-F", "#{session_name} #{window_id} #{window_name} #{window_layout} #{pane_id} #{pane_pid} #{pane_in_mode}")
		}
		processes := tmux()

		tried := 0
		for _, stranger := range []*client{s.user("bob", false), s.user("root", true)} {
			for _, r := range s.server.routes() {
				if !strings.Contains(r.path, ":id") {
					continue
				}
				for _, body := range attempts(t, r, pane) {
					path := inside.Replace(r.path)
					foreign := strings.ReplaceAll(path, ":id", fmt.Sprint(before.ID))
					unknown := strings.ReplaceAll(path, ":id", "999999")
					for _, slash := range []string{"", "/"} {
						got := stranger.problem(stranger.call(r.method, foreign+slash, body), 404)
						want := stranger.problem(stranger.call(r.method, unknown+slash, body), 404)
						got.RequestID, want.RequestID = "", ""
						require.Equal(t, want, got, "%s %s %s", r.method, foreign, body)
						tried++
					}
				}
			}
			require.Equal(t, "[]\n", stranger.call("GET", "/api/sessions", "").body)
		}
		require.GreaterOrEqual(t, tried, 2*2*(3+2*3+2*6))

		require.Equal(t, before, owner.session(at))
		require.Equal(t, processes, tmux())
		owner.call("POST", at+"/send-keys", `{"keys":"after"}`)
		owner.shows(at, "before\nbefore\nafter\nafter\n") // nothing typed in between
		require.Equal(t, 204, owner.call("DELETE", at, "").status)
	})
}

func TestAnotherSessionsPaneIsNotFound(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		hers, his := alice.create(`{"name":"same","command":["cat"]}`), bob.create(`{"name":"same","command":["cat"]}`)
		second := alice.create(`{"command":["cat"]}`)
		pane, window := alice.session(hers).Panes[0].ID, alice.session(hers).Windows[0].ID
		for _, through := range []struct {
			*client
			at string
		}{{bob, his}, {alice, second}} {
			through.problem(through.call("POST", through.at+"/send-keys", `{"keys":"x","pane":"`+pane+`"}`), 404)
			through.problem(through.call("POST", through.at+"/capture-pane", `{"pane":"`+pane+`"}`), 404)
			through.problem(through.call("GET", through.at+"/capture-pane?pane="+url.QueryEscape(pane), ""), 404)
			for _, r := range s.server.routes() { // and whatever is inside is not inside of another
				if !strings.Contains(r.path, ":pane") && !strings.Contains(r.path, ":window") {
					continue
				}
				at := strings.NewReplacer("/api/sessions/:id", through.at, ":pane", pane[1:], ":window", window[1:]).Replace(r.path)
				for _, body := range attempts(t, r, pane) {
					through.problem(through.call(r.method, at, body), 404)
				}
			}
			own := through.session(through.at).Panes[0].ID
			through.problem(through.call("POST", through.at+"/panes", `{"pane":"`+pane+`"}`), 404)
			through.problem(through.call("POST", through.at+"/panes/"+own[1:]+"/swap", `{"with":"`+pane+`"}`), 404)
		}
		alice.call("POST", hers+"/send-keys", `{"keys":"mine","pane":"`+pane+`"}`)
		alice.shows(hers, "mine\nmine\n")
	})
}

func TestRevokedTokenIsRefused(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice := s.user("alice", false)
		require.Equal(t, 200, alice.call("GET", "/api/sessions", "").status)
		tokens, err := s.store.Tokens(t.Context())
		require.NoError(t, err)
		require.NoError(t, s.store.RevokeToken(t.Context(), tokens[0].ID, time.Now()))
		require.Eventually(t, func() bool { return alice.call("GET", "/api/sessions", "").status == 401 },
			20*time.Second, 10*time.Millisecond)
	})
}
