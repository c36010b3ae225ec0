package controlmode

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
)

// While others are active, one sender types a megabyte a second and no more.
func TestTypingRate(t *testing.T) {
	s := NewServer(ServerOptions{})
	b := serverCaller{server: s}
	soon, cancel := context.WithDeadline(t.Context(), time.Now().Add(time.Hour))
	defer cancel()
	for range 3 {
		require.NoError(t, b.awaitTyping(soon, "alone", typeRate*7200), "nobody else is about")
	}
	s.bulk.lastShort.Store(time.Now().Add(time.Hour).UnixNano())
	require.ErrorIs(t, b.awaitTyping(soon, "alone", 1), ErrNoTurn)
	require.NoError(t, b.awaitTyping(soon, "other", 1))
	require.NoError(t, b.awaitTyping(soon, "other", 1), "after a microsecond")

	left, leave := context.WithCancel(t.Context())
	leave()
	require.ErrorIs(t, b.awaitTyping(left, "alone", 1), context.Canceled)
}

// A connection for long commands leaves tmux to others after each. synctest's clock
// makes the waits exact.
func TestCooldown(t *testing.T) {
	s := NewServer(ServerOptions{})
	require.Zero(t, s.bulk.cooldown(time.Second), "nobody else is about")
	s.bulk.lastShort.Store(time.Now().Add(time.Hour).UnixNano())
	require.Equal(t, time.Millisecond, s.bulk.cooldown(time.Millisecond))
	require.Equal(t, maxCooldown, s.bulk.cooldown(time.Hour))

	synctest.Test(t, func(t *testing.T) {
		tmux, client := net.Pipe()
		go func() {
			lines := bufio.NewScanner(tmux)
			for n := 1; lines.Scan(); n++ {
				fmt.Fprintf(tmux, "%%begin 1 %[1]d 1\n%%end 1 %[1]d 1\n", n)
			}
		}()
		rest := time.Nanosecond
		c := newConn(client, func() { client.Close() }, nil, ConnOptions{
			MaxWait: 100 * time.Millisecond, window: 1, cooldown: func(time.Duration) time.Duration { return rest },
		})
		ask := request{text: []byte("x"), frame: wire.Frame{Blocks: 1}}
		for range 100 {
			_, err := c.call(t.Context(), ask)
			require.NoError(t, err)
		}
		rest = time.Hour
		_, err := c.call(t.Context(), ask)
		require.NoError(t, err)
		_, err = c.call(t.Context(), ask)
		require.ErrorIs(t, err, ErrNoTurn, "it rests")
		require.NoError(t, c.Close())
	})
}
