package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

func of[T any](v T) *T { return &v }

// waitForScreen watches a session until its screen is the text.
func waitForScreen(t *testing.T, s *client.Service, id int64, text string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), waitTimeout)
	defer cancel()
	var last string
	for screen, err := range s.Watch(ctx, id, client.WatchOptions{Trim: true}) {
		require.NoError(t, err, "it shows %q", last)
		if last = screen.Text; last == text {
			return
		}
	}
}

func TestService(t *testing.T) {
	t.Parallel()
	alice, bob := serve(t)
	ctx := t.Context()
	n := client.NewSession{Name: of("build"), Command: of([]string{"cat"}), Labels: of(map[string]string{"team": "web"})}
	one, err := alice.Create(ctx, n, "key")
	require.NoError(t, err)
	require.Equal(t, [4]any{int64(1), "alice", "build", client.SessionStatusRunning}, [4]any{one.ID, one.User, one.Name, one.Status})
	again, err := alice.Create(ctx, n, "key")
	require.NoError(t, err)
	require.Equal(t, one, again)
	_, err = alice.Create(ctx, n, "")
	requireProblem(t, err, "name-taken")
	_, err = alice.Create(ctx, client.NewSession{Width: of(0), Cwd: of("x")}, "")
	require.Contains(t, requireProblem(t, err, "invalid").Error(), "width: must be at least 1")

	got, err := alice.Get(ctx, one.ID)
	require.NoError(t, err)
	require.Equal(t, [3]any{one.ID, one.Name, one.Panes[0].ID}, [3]any{got.ID, got.Name, got.Panes[0].ID})
	require.Len(t, *got.Windows, 1)
	_, err = bob.Get(ctx, one.ID)
	requireProblem(t, err, "not-found")
	got, err = alice.Edit(ctx, one.ID, client.SessionEdit{Name: of("test"), Labels: of(map[string]*string{"team": nil, "a": of("b")}), Width: of(50)})
	require.NoError(t, err)
	require.Equal(t, [3]any{"test", client.Labels{"a": "b"}, 50}, [3]any{got.Name, got.Labels, got.Panes[0].Width})

	require.NoError(t, alice.Send(ctx, one.ID, client.TypedLine("héllo")))
	waitForScreen(t, alice, one.ID, "héllo\nhéllo\n")
	require.NoError(t, alice.Send(ctx, one.ID, client.PressedKeys("x", "y", "Enter")))
	waitForScreen(t, alice, one.ID, "héllo\nhéllo\nxy\nxy\n")
	screen, err := alice.Capture(ctx, one.ID, client.GetCaptureParams{Start: of("1"), End: of("2")})
	require.NoError(t, err)
	require.Equal(t, "héllo\nxy\n", screen.Text)
	require.NoError(t, alice.End(ctx, one.ID))
	requireProblem(t, alice.End(ctx, one.ID), "not-found")
}

func TestList(t *testing.T) {
	t.Parallel()
	alice, bob := serve(t)
	for i := range 5 {
		cat(t, alice, map[string]string{"odd": []string{"no", "yes"}[i%2]})
	}
	cat(t, bob, nil)
	ids := func(params client.ListSessionsParams) (ids []int64) {
		t.Helper()
		for one, err := range alice.List(t.Context(), params) {
			require.NoError(t, err)
			ids = append(ids, one.ID)
		}
		return ids
	}
	require.Equal(t, []int64{1, 2, 3, 4, 5}, ids(client.ListSessionsParams{}))
	require.Equal(t, []int64{1, 2, 3, 4, 5}, ids(client.ListSessionsParams{Limit: of(2)}))
	require.Equal(t, []int64{3, 5}, ids(client.ListSessionsParams{Limit: of(1), After: of(int64(2)), Label: of([]string{"odd=no"}), Status: of([]client.SessionStatus{client.SessionStatusRunning, client.SessionStatusLost})}))
	require.Equal(t, []int64{0, 0, 0, 0, 0}, ids(client.ListSessionsParams{Limit: of(2), Fields: of("name")}))
	for range alice.List(t.Context(), client.ListSessionsParams{}) {
		break
	}
	for _, err := range alice.List(t.Context(), client.ListSessionsParams{Limit: of(0)}) {
		requireProblem(t, err, "invalid")
	}
}

func TestNotInterplexer(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "localhost:1", "ftp://x", "http://", "http://a b"} {
		_, err := client.New(address, "", nil)
		require.Error(t, err, address)
	}
	other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "Bearer secret", r.Header.Get("Authorization"))
		if r.Method == "POST" {
			http.Error(w, "no", http.StatusBadGateway)
		}
	}))
	defer other.Close()
	s, err := client.New(other.URL, "secret", other.Client())
	require.NoError(t, err)
	_, err = s.Get(t.Context(), 1)
	require.Contains(t, requireProblem(t, err, "").Error(), "200 OK")
	_, err = s.Create(t.Context(), client.NewSession{}, "")
	require.Contains(t, requireProblem(t, err, "").Error(), "502 Bad Gateway")
	_, err = s.Attach(t.Context(), 1, client.AttachOptions{})
	require.Error(t, err)
	other.Close()
	_, err = s.Get(t.Context(), 1)
	require.Error(t, err)
	require.NotContains(t, err.Error(), "secret")
}
