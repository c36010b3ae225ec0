package client_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/client"
)

func TestWatch(t *testing.T) {
	t.Parallel()
	alice, bob := serve(t)
	one := cat(t, alice, nil)
	var texts []string
	for screen, err := range alice.Watch(t.Context(), one.ID, client.WatchOptions{Pane: one.Panes[0].ID, Trim: true}) {
		if err != nil {
			require.Equal(t, client.ProblemSessionStatusExited, *requireProblem(t, err, "gone").Problem.SessionStatus)
			break
		}
		texts = append(texts, screen.Text)
		switch screen.Text {
		case "":
			require.NoError(t, alice.Send(t.Context(), one.ID, client.TypedLine("hello")))
		case "hello\nhello\n":
			require.NoError(t, alice.Send(t.Context(), one.ID, client.Input{Hex: of("04")}))
		}
	}
	require.Equal(t, "", texts[0])
	require.Contains(t, texts, "hello\nhello\n")
	for _, err := range bob.Watch(t.Context(), one.ID, client.WatchOptions{}) {
		requireProblem(t, err, "not-found")
	}

	two := cat(t, alice, nil)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	for _, err := range alice.Watch(ctx, two.ID, client.WatchOptions{}) {
		if err != nil {
			require.ErrorIs(t, err, context.Canceled)
			break
		}
		cancel()
	}
}

// Watch waits for a busy service. A response without a screen is an error.
func TestWatchWaitsForABusyService(t *testing.T) {
	t.Parallel()
	asked := 0
	busy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		asked++
		switch asked {
		case 1:
			w.Header().Set("Retry-After", "1")
			w.WriteHeader(http.StatusServiceUnavailable)
		case 2:
			w.Header().Set("ETag", `"1"`)
			_, _ = w.Write([]byte("screen"))
		default:
			w.WriteHeader(http.StatusNoContent)
		}
	}))
	defer busy.Close()
	s, err := client.New(busy.URL, "", busy.Client())
	require.NoError(t, err)
	var seen []string
	var last error
	for screen, err := range s.Watch(t.Context(), 1, client.WatchOptions{}) {
		seen, last = append(seen, screen.Text), err
	}
	require.Equal(t, []string{"screen", ""}, seen)
	require.ErrorContains(t, last, "204")
	var e *client.Error
	require.False(t, errors.As(last, &e))
}
