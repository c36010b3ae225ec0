package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// service is the whole service on a real tmux and a real store, behind a client.
type service struct {
	*client
	domain   *sessiontest.Service
	store    *db.Store
	socket   string
	registry *registry.Registry
}

// maxHeldInTests is how many long-polls and streams a user may have.
const maxHeldInTests = 8

func startService(t *testing.T, store *db.Store) service {
	t.Helper()
	return startServiceWith(t, store, func(*Options) {})
}

func startServiceWith(t *testing.T, store *db.Store, tune func(*Options)) service {
	t.Helper()
	return startServiceOptions(t, store, registry.Options{Held: maxHeldInTests}, tune)
}

// startServiceHeld sets how many requests of a user may be held; 0: any number.
func startServiceHeld(t *testing.T, store *db.Store, held int) service {
	t.Helper()
	return startServiceOptions(t, store, registry.Options{Held: held}, func(*Options) {})
}

func startServiceOptions(t *testing.T, store *db.Store, o registry.Options, tune func(*Options)) service {
	t.Helper()
	domain := sessiontest.Start(t, store, sessiontest.Options{Registry: o})
	options := Options{
		Registry: domain, Runs: domain.Runs, Waits: domain.Waits, Keys: domain.Keys, Accounts: domain.Accounts,
		Ready: domain.Ready, Stats: domain.Stats,
	}
	tune(&options)
	return service{client: startServer(t, options), domain: domain, store: store, socket: domain.Socket, registry: domain.Registry}
}

// awaitHeld waits until the server holds n requests.
func (s service) awaitHeld(n int) {
	s.t.Helper()
	s.domain.AwaitHeld(n)
}

// onlyAnchors waits until tmux has nothing but the windows of control clients.
func (s service) onlyAnchors() {
	s.t.Helper()
	s.domain.AwaitOnlyAnchors()
}

// kill kills a process that the test started.
func (s service) kill(pid string) {
	s.t.Helper()
	n, err := strconv.Atoi(pid)
	require.NoError(s.t, err)
	require.NoError(s.t, syscall.Kill(n, syscall.SIGKILL))
}

// user creates a user and returns a client with a token of that user.
func (s service) user(name string, admin bool) *client {
	s.t.Helper()
	return s.as(s.domain.Token(s.domain.User(name, admin)))
}

func (c *client) session(at string) (s sessionJSON) {
	c.t.Helper()
	a := c.call("GET", at, "")
	require.Equal(c.t, 200, a.status, a.body)
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &s))
	return s
}

// shows waits until the screen is a text and otherwise blank.
func (c *client) shows(at, text string) {
	c.t.Helper()
	require.Eventually(c.t, func() bool {
		return c.call("GET", at+"/capture-pane?trim=true", "").body == text
	}, 20*time.Second, 10*time.Millisecond, "%q", text)
}

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
