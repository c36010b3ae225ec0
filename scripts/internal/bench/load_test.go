package main

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// served returns a target that runs in this process.
func served(t *testing.T, h http.Handler, screen string) *target {
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return &target{addr: strings.TrimPrefix(server.URL, "http://"), sessions: []session{{id: "1", screen: []byte(screen)}}}
}

func captures(t *target, clients int) []step {
	steps := make([]step, clients)
	for i := range steps {
		steps[i] = captureStep(t, t.sessions[0])
	}
	return steps
}

func TestLoadCountsEveryResponse(t *testing.T) {
	var responses atomic.Int64
	fixed := fixedHandler()
	target := served(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fixed.ServeHTTP(w, r)
		responses.Add(1)
	}), fixedText)
	f, err := load(t.Context(), target.addr, captures(target, 3), 0, 100*time.Millisecond)
	require.NoError(t, err)
	require.Positive(t, f.P50)
	require.LessOrEqual(t, f.P50, f.P99)
	// The last operation of each client may end too late to be counted.
	counted := int64(f.Rate*0.1 + 0.5)
	require.InDelta(t, responses.Load(), counted, 3)
}

func TestLoadDoesNotCountTheWarmUp(t *testing.T) {
	target := served(t, fixedHandler(), fixedText)
	_, err := load(t.Context(), target.addr, captures(target, 1), 20*time.Millisecond, time.Nanosecond)
	require.ErrorIs(t, err, errNothing)
}

func TestLoadFailsOnAnyWrongResponse(t *testing.T) {
	once := func(n int64, wrong, right http.HandlerFunc) http.HandlerFunc {
		var asked atomic.Int64
		return func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) == n {
				wrong(w, r)
			} else {
				right(w, r)
			}
		}
	}
	right := func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("mine\n")) }
	for name, tc := range map[string]struct {
		wrong http.HandlerFunc
		want  error
	}{
		"another's body": {func(w http.ResponseWriter, _ *http.Request) { w.Write([]byte("hers\n")) }, errWrongBody},
		"status":         {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(503) }, errResponse},
		"cut off":        {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, errResponse},
	} {
		t.Run(name, func(t *testing.T) {
			target := served(t, once(20, tc.wrong, right), "mine\n")
			_, err := load(t.Context(), target.addr, captures(target, 2), 0, time.Minute)
			require.ErrorIs(t, err, tc.want)
		})
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	stopped := errors.New("stopped")
	asked := make(chan struct{}, 1)
	done := make(chan struct{})
	target := served(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) {
		asked <- struct{}{}
		<-done // never responds while the client waits
	}), "")
	t.Cleanup(func() { close(done) })
	go func() { <-asked; cancel(stopped) }()
	_, err := load(ctx, target.addr, captures(target, 1), 0, time.Minute)
	require.ErrorIs(t, err, stopped)
}
