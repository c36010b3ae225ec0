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

// A server killed while it creates sessions leaves none that the next one does
// not know, and no row that claims a session that is not there.
func TestKilledWhileCreating(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		const creates = 50
		answered := make(chan struct{}, creates)
		var clients sync.WaitGroup
		for range creates {
			clients.Go(func() {
				_, _, _ = v.do(token, "POST", "/api/sessions", `{"command":["cat"]}`) // most fail: that is the point
				answered <- struct{}{}
			})
		}
		for range 5 {
			<-answered
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

		// The API agrees, and every one of them works.
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

// tmuxSessions are the sessions that tmux holds for us, in order.
func (s *site) tmuxSessions() []string {
	s.t.Helper()
	var ids []string
	for line := range strings.SplitSeq(s.tmux("list-sessions", "-F", "#{session_id} #{session_name} #{@interplexer_id}"), "\n") {
		// The option holds the uid and what an adoption needs besides.
		words := append(strings.Fields(line), "")
		if uid := words[2]; uid != "" || strings.HasPrefix(words[1], "session-") {
			ids = append(ids, uid+" "+words[0])
		}
	}
	slices.Sort(ids)
	return ids
}

// runningRows are the same as the store has them.
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

// A tmux server that dies takes its sessions along; the service goes on with
// a new one and says what was lost.
func TestTmuxKilled(t *testing.T) {
	t.Parallel()
	onStores(t, func(t *testing.T, s *site) {
		v := s.start()
		token := s.newUser("alice")
		old := v.create(token, `{"name":"build"}`)
		before := s.tmux("display-message", "-p", "#{pid}")
		s.tmux("kill-server")

		// A command sent before the death is noticed has an unknown outcome.
		j := v.createSoon(token, "")
		require.NotEqual(t, before, s.tmux("display-message", "-p", "#{pid}"))
		require.Eventually(t, func() bool {
			row := decode[sessionJSON](t, v.call(token, "GET", old.path(""), "", http.StatusOK))
			return row.Status == "lost"
		}, patience, tick)
		v.createSoon(token, `{"name":"build"}`) // the name is free again
		res, _, err := v.do(token, "POST", old.path("send-keys"), `{"keys":"x"}`)
		require.NoError(t, err)
		require.Equal(t, http.StatusConflict, res.StatusCode)
		v.call(token, "POST", j.path("send-keys"), `{"keys":"echo al''ive"}`, http.StatusNoContent)
		v.awaitScreen(token, j, "alive")
		v.stop()
	})
}

// createSoon creates a session as a client does that tries again after a 503
// or, for a name that was just lost, a 409.
func (v *server) createSoon(token, body string) (j sessionJSON) {
	v.t.Helper()
	require.Eventually(v.t, func() bool {
		res, text, err := v.do(token, "POST", "/api/sessions", body)
		require.NoError(v.t, err)
		require.Contains(v.t, []int{http.StatusCreated, http.StatusServiceUnavailable, http.StatusConflict}, res.StatusCode)
		if res.StatusCode != http.StatusCreated {
			return false
		}
		j = decode[sessionJSON](v.t, string(text))
		return true
	}, patience, tick)
	return j
}
