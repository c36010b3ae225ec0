package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/api/access"
	"interplexer/db"
)

// loadClient has one session, whose screen shows the marker of this client and of
// no other.
type loadClient struct {
	*server
	token   string
	user    string
	marker  string
	session sessionJSON
	random  *rand.Rand
}

// The promise is 1000 requests. Continuous integration makes a fifth of them.
var requestsPerClient = flag.Int("requests", 200, "how many requests each client of TestTimedManyClients makes")

// A hundred clients at once never get the response of another, and leave no
// session, goroutine or file descriptor behind.
func TestTimedManyClients(t *testing.T) {
	t.Parallel()
	const users, perUser = 20, 5
	s := newSite(t, "")
	v := s.start("--log-level", "warn")
	tokens := s.newTokens(users)
	before := v.usage(tokens[0])

	var group errgroup.Group
	for i := range users * perUser {
		c := &loadClient{
			server: v, token: tokens[i%users], user: loadUser(i % users),
			marker: fmt.Sprintf("<marker-%d>", i), random: rand.New(rand.NewPCG(1, uint64(i))),
		}
		group.Go(func() error { return c.work(*requestsPerClient) })
	}
	require.NoErrorf(t, group.Wait(), "%s", v.log)

	var after usage
	settled := assert.Eventually(t, func() bool {
		v.client.CloseIdleConnections()
		after = v.usage(tokens[0])
		return after.Goroutines <= before.Goroutines && after.Descriptors <= before.Descriptors
	}, patience, 10*tick)
	require.Truef(t, settled, "before %+v, after %+v", before, after)
	require.Empty(t, s.tmuxSessions())
	v.stop()
}

func loadUser(i int) string { return fmt.Sprintf("user%d", i) }

// newTokens creates users and returns a token of each. It writes to the store
// itself: the command line would take a process for each. The first user is an
// administrator, who may read the metrics.
func (s *site) newTokens(n int) []string {
	s.t.Helper()
	store := s.open()
	var tokens []string
	for i := range n {
		u, err := store.CreateUser(s.t.Context(), loadUser(i), i == 0)
		require.NoError(s.t, err)
		plain, hash := access.NewToken()
		_, err = store.CreateToken(s.t.Context(), db.NewToken{UserID: u.ID, Hash: hash})
		require.NoError(s.t, err)
		tokens = append(tokens, plain)
	}
	return tokens
}

// usage is the number of goroutines and file descriptors of a service. It leaves
// out the connections to SQLite: their pool keeps some once it has needed them.
type usage struct{ Goroutines, Descriptors int }

func (v *server) usage(admin string) usage {
	v.t.Helper()
	var u usage
	for line := range strings.SplitSeq(v.call(admin, "GET", "/metrics", "", http.StatusOK), "\n") {
		_, _ = fmt.Sscanf(line, "go_goroutines %d", &u.Goroutines) // other lines do not scan
	}
	require.NotZero(v.t, u.Goroutines)
	links, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", v.cmd.Process.Pid))
	require.NoError(v.t, err)
	for _, link := range links {
		target, err := os.Readlink(link)
		if err == nil && !strings.Contains(target, databaseFile) {
			u.Descriptors++
		}
	}
	require.NotZero(v.t, u.Descriptors)
	return u
}

// work creates a session, makes mixed requests and deletes the session.
func (c *loadClient) work(requests int) error {
	var err error
	c.session, err = c.createSession()
	for i := 0; err == nil && i < requests; i++ {
		switch n := c.random.IntN(10); {
		case n < 6:
			err = c.capture()
		case n < 8:
			_, err = c.expect("POST", c.session.path("send-keys"), `{"text":"`+c.marker+`\n"}`, http.StatusNoContent)
		case n < 9:
			err = c.get()
		default:
			err = c.list()
		}
	}
	if err != nil {
		return err
	}
	_, err = c.expect("DELETE", c.session.path(""), "", http.StatusNoContent)
	return err
}

// createSession creates the session and waits until it shows its marker.
func (c *loadClient) createSession() (j sessionJSON, err error) {
	text, err := c.expect("POST", "/api/sessions/", `{"command":["sh","-c","echo '`+c.marker+`'; exec cat"]}`, http.StatusCreated)
	if err != nil {
		return j, err
	}
	if err := json.Unmarshal([]byte(text), &j); err != nil {
		return j, err
	}
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); {
		screen, err := c.expect("POST", j.path("capture-pane"), "", http.StatusOK)
		if err != nil || strings.Contains(screen, c.marker) {
			return j, err
		}
	}
	return j, fmt.Errorf("session %d does not show %s", j.ID, c.marker)
}

func (c *loadClient) capture() error {
	screen, err := c.expect("POST", c.session.path("capture-pane"), "", http.StatusOK)
	if err != nil {
		return err
	}
	if !strings.Contains(screen, c.marker) || strings.Contains(strings.ReplaceAll(screen, c.marker, ""), "<marker-") {
		return fmt.Errorf("%s captured the screen of another client:\n%s", c.marker, screen)
	}
	return nil
}

func (c *loadClient) get() error {
	text, err := c.expect("GET", c.session.path(""), "", http.StatusOK)
	if err != nil {
		return err
	}
	var j sessionJSON
	if err := json.Unmarshal([]byte(text), &j); err != nil || j != c.session {
		return fmt.Errorf("got %s for %+v", text, c.session)
	}
	return nil
}

func (c *loadClient) list() error {
	text, err := c.expect("GET", "/api/sessions/", "", http.StatusOK)
	if err != nil {
		return err
	}
	var all []sessionJSON
	if err := json.Unmarshal([]byte(text), &all); err != nil {
		return err
	}
	foreign := func(j sessionJSON) bool { return j.User != c.user }
	if !slices.Contains(all, c.session) || slices.ContainsFunc(all, foreign) {
		return fmt.Errorf("%s got the list of another user: %+v", c.user, all)
	}
	return nil
}

// expect is call for a goroutine, which must not end the test: it returns an error.
func (c *loadClient) expect(method, path, body string, status int) (string, error) {
	res, text, err := c.do(c.token, method, path, body)
	if err == nil && res.StatusCode != status {
		err = fmt.Errorf("%s %s: %s: %s", method, path, res.Status, text)
	}
	return string(text), err
}
