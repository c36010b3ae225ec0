package controlmode

import (
	"bytes"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
)

// addCall adds a call of a sender.
func addCall(s *schedule, from, text string) *call {
	k := &call{req: request{sender: from, text: []byte(text)}}
	s.add(k)
	return k
}

func TestScheduleTakesTurns(t *testing.T) {
	var s schedule
	for range 300 {
		addCall(&s, "many", "x")
	}
	few := addCall(&s, "few", "y")
	require.Equal(t, "many", s.next().req.sender)
	require.Same(t, few, s.next())
	for range maxLaneCalls - 1 {
		require.Equal(t, "many", s.next().req.sender)
	}
	require.Nil(t, s.next(), "nobody may have more than that with tmux")
	late := addCall(&s, "few", "z")
	require.Same(t, late, s.next(), "and nobody waits for it")
	s.answered(few)
	s.answered(late)
	require.NotContains(t, s.callers, "few")
	require.Equal(t, 300-maxLaneCalls, s.calls)
}

func TestScheduleBoundsBytes(t *testing.T) {
	var s schedule
	large := addCall(&s, "a", strings.Repeat("x", 2*maxLaneBytes))
	small := addCall(&s, "a", "x")
	require.Same(t, large, s.next(), "a command that is larger than the bound goes alone")
	require.Nil(t, s.next())
	require.Equal(t, 1, s.bytes)
	s.answered(large)
	require.Same(t, small, s.next())
	require.Zero(t, s.bytes)
}

func TestScheduleRemove(t *testing.T) {
	var s schedule
	first, second, third := addCall(&s, "a", "1"), addCall(&s, "a", "22"), addCall(&s, "b", "333")
	require.True(t, s.remove(first))
	require.True(t, s.remove(third))
	require.False(t, s.remove(third), "only once")
	require.Equal(t, 1, s.calls)
	require.Equal(t, 2, s.bytes)
	require.Same(t, second, s.next())
	require.False(t, s.remove(second), "it has been taken")
	require.Nil(t, s.next())
	s.answered(second)
	require.Empty(t, s.callers)
	require.Empty(t, s.roundRobin)
	fourth := addCall(&s, "b", "4")
	require.Equal(t, []*call{fourth}, s.takeAll())
	require.Zero(t, s.calls)
}

// A command whose turn does not come in time is given up and never sent.
func TestNoTurn(t *testing.T) {
	tmux, client := net.Pipe() // nobody answers, and all that is sent is kept
	var sent bytes.Buffer
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = sent.ReadFrom(tmux)
	}()
	c := newConn(client, func() { client.Close() }, nil, ConnOptions{MaxWait: time.Millisecond, MaxInFlight: maxLaneCalls + 2})
	for range maxLaneCalls {
		_, err := c.enqueue(request{sender: "slow", text: []byte("sent"), frame: wire.Frame{Blocks: 1}})
		require.NoError(t, err)
	}
	late := request{sender: "slow", text: []byte("never"), frame: wire.Frame{Blocks: 1}}
	for range c.opts.MaxInFlight { // a call that is given up takes no place
		_, err := c.call(t.Context(), late)
		require.ErrorIs(t, err, ErrNoTurn)
		require.ErrorIs(t, err, ErrOverloaded)
	}
	require.Zero(t, c.queued.calls)
	require.Empty(t, c.queued.roundRobin)
	require.NoError(t, c.Close())
	<-read
	require.Equal(t, strings.Repeat("sent\n", maxLaneCalls), sent.String())
}
