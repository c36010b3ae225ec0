package api

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
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
