package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api"
	"interplexer/api/client"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }

const waitTimeout = 30 * time.Second

// serve runs a service on real tmux and a real store until the test's end. It
// returns clients of two users.
func serve(t *testing.T) (alice, bob *client.Service) {
	t.Helper()
	domain := sessiontest.Start(t, dbtest.Open(t, db.SQLite), sessiontest.Options{})
	server := api.New(api.Options{
		Registry: domain, Runs: domain.Runs, Waits: domain.Waits, Keys: domain.Keys, Accounts: domain.Accounts,
	})
	listening := httptest.NewUnstartedServer(nil)
	listening.Config = server.HTTPServer("")
	listening.Start()
	t.Cleanup(func() {
		http.DefaultClient.CloseIdleConnections()
		require.NoError(t, listening.Config.Shutdown(context.Background()))
		require.NoError(t, server.Drain(context.Background()))
		listening.Close()
	})
	user := func(name string) *client.Service {
		s, err := client.New(listening.URL+"/", domain.Token(domain.User(name, false)), nil)
		require.NoError(t, err)
		return s
	}
	return user("alice"), user("bob")
}

// cat creates a session that runs cat.
func cat(t *testing.T, s *client.Service, labels map[string]string) client.Session {
	t.Helper()
	command := []string{"cat"}
	one, err := s.Create(t.Context(), client.NewSession{Command: &command, Labels: &labels}, "")
	require.NoError(t, err)
	return one
}

// requireProblem requires that an error is a problem of a kind.
func requireProblem(t *testing.T, err error, kind string) *client.Error {
	t.Helper()
	var e *client.Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, kind, e.Kind(), e.Error())
	return e
}
