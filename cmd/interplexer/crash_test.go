package main

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"interplexer/db"
)

// After a service was killed while it created sessions, the next one knows every
// session in tmux, and no row is left without its session.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		const creates = 50
		responded := make(chan struct{}, creates)
		var clients sync.WaitGroup
		for range creates {
			clients.Go(func() {
				_, _, _ = v.do(token, "POST", "/api/sessions", `{"command":["cat"]}`) // most fail, because the service is killed
				responded <- struct{}{}
			})
		}
		for range 5 {
			<-responded
		}
		v.kill()
		clients.Wait()

		v = s.start()
		store := s.open()
		var tmux, rows []string
		consistent := func() bool {
			tmux, rows = s.tmuxSessions(), s.runningRows(store)
			return slices.Equal(tmux, rows)
		}
		settled := assert.Eventually(t, consistent, patience, tick)
		require.Truef(t, settled, "tmux and the store differ: %s\n%s", cmp.Diff(tmux, rows), v.log)
		require.GreaterOrEqual(t, len(rows), 5)
		require.Equal(t, rows, slices.Compact(slices.Clone(rows)))

		// The API lists the same sessions, and each of them works.
		var running []string
		for _, j := range decode[[]sessionJSON](t, v.call(token, "GET", "/api/sessions", "", http.StatusOK)) {
			require.NotEqual(t, "starting", j.Status)
			if j.Status == "running" {
				running = append(running, j.Name)
				v.call(token, "POST", j.path("capture-pane"), "", http.StatusOK)
				v.call(token, "DELETE", j.path(""), "", http.StatusNoContent)
			}
		}
		require.Len(t, running, len(rows))
		require.Empty(t, s.tmuxSessions())
		v.stop()
	})
}

// tmuxSessions returns the sessions of the service that tmux has, as "UID ID",
// sorted.
func (s *site) tmuxSessions() []string {
	s.t.Helper()
	var ids []string
	for line := range strings.SplitSeq(s.tmux("list-sessions", "-F", "#{session_id} #{session_name} #{@interplexer_id}"), "\n") {
		// The option has the UID first, then the data that an adoption needs.
		words := append(strings.Fields(line), "")
		if uid := words[2]; uid != "" || strings.HasPrefix(words[1], "session-") {
			ids = append(ids, uid+" "+words[0])
		}
	}
	slices.Sort(ids)
	return ids
}

// runningRows returns the running sessions that the store has, in the form of
// tmuxSessions.
func (s *site) runningRows(store *db.Store) []string {
	s.t.Helper()
	rows, err := store.SessionsOnServer(s.t.Context(), (&settings{TmuxSocket: s.socket}).serverName(store.Dialect()))
	require.NoError(s.t, err)
	var ids []string
	for _, r := range rows {
		if r.Status == "running" {
			ids = append(ids, fmt.Sprintf("%s %s", r.UID, r.TmuxID))
		}
	}
	slices.Sort(ids)
	return ids
}

// When the tmux server is killed, the service starts a new one and reports the
// sessions of the old one as lost.
func TestTmuxKilled(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		old := v.create(token, `{"name":"build"}`)
		before := s.tmux("display-message", "-p", "#{pid}")
		s.tmux("kill-server")

		// The service answers 503 unknown-outcome to a command that it sent before it
		// noticed the death of the server, and 503 unavailable until it has a new one.
		j := v.createRetrying(token, "", http.StatusServiceUnavailable)
		require.NotEqual(t, before, s.tmux("display-message", "-p", "#{pid}"))
		require.Eventually(t, func() bool {
			row := decode[sessionJSON](t, v.call(token, "GET", old.path(""), "", http.StatusOK))
			return row.Status == "lost"
		}, patience, tick)
		// The name of a lost session is free, soon after its status says so.
		v.createRetrying(token, `{"name":"build"}`, http.StatusConflict)
		res, _, err := v.do(token, "POST", old.path("send-keys"), `{"keys":"x"}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, res.StatusCode)
		v.call(token, "POST", j.path("send-keys"), `{"keys":"echo al''ive"}`, http.StatusNoContent)
		v.awaitScreen(token, j, "alive")
		v.stop()
	})
}

// createRetrying creates a session, as a client does that tries again after one
// kind of refusal.
func (v *server) createRetrying(token, body string, refusal int) (j sessionJSON) {
	v.t.Helper()
	require.Eventually(v.t, func() bool {
		res, text, err := v.do(token, "POST", "/api/sessions", body)
		require.NoError(v.t, err)
		require.Contains(v.t, []int{http.StatusCreated, refusal}, res.StatusCode)
		if res.StatusCode != http.StatusCreated {
			return false
		}
		j = decode[sessionJSON](v.t, string(text))
		return true
	}, patience, tick)
	return j
}
