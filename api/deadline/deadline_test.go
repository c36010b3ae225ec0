package deadline

import (
	"bytes"
	"io"
	"net"
	"net/http"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/nettest"
)

// pair is a connection of a Listen and its other end.
func pair(t *testing.T) (ours *conn, other net.Conn) {
	t.Helper()
	below, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := Listen(below)
	t.Cleanup(func() { l.Close() })
	other, err = net.Dial("tcp", l.Addr().String())
	require.NoError(t, err)
	accepted, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { accepted.Close(); other.Close() })
	return accepted.(*conn), other
}

// watch has moved told of each deadline that is set below.
func (d *deadline) watch() (moved chan time.Time) {
	moved = make(chan time.Time, 16)
	move := d.move
	d.move = func(t time.Time) error {
		err := move(t)
		moved <- t
		return err
	}
	return moved
}

func TestIsAConn(t *testing.T) {
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		ours, other := pair(t)
		return ours, other, func() { ours.Close(); other.Close() }, nil
	})
	nettest.TestConn(t, func() (c1, c2 net.Conn, stop func(), err error) {
		ours, other := pair(t)
		return newConn(other), ours, func() { ours.Close(); other.Close() }, nil
	})
}

func TestLaterIsOnlyNoted(t *testing.T) {
	ours, other := pair(t)
	moved := ours.read.watch()
	early := time.Now().Add(20 * time.Millisecond)
	late := early.Add(time.Hour)
	require.NoError(t, ours.SetReadDeadline(early))
	require.Equal(t, early, <-moved)
	require.NoError(t, ours.SetReadDeadline(late))
	require.NoError(t, ours.SetReadDeadline(late.Add(time.Hour)))
	require.NoError(t, ours.SetReadDeadline(time.Time{}))
	require.NoError(t, ours.SetReadDeadline(late))
	require.Empty(t, moved)

	read := make(chan string, 1)
	go func() {
		b := make([]byte, 10)
		n, err := ours.Read(b)
		if err != nil {
			read <- err.Error()
			return
		}
		read <- string(b[:n])
	}()
	require.Equal(t, late, <-moved, "it came too early, and was moved")
	require.Empty(t, read)
	_, err := other.Write([]byte("hello"))
	require.NoError(t, err)
	require.Equal(t, "hello", <-read)
}

func TestInterrupts(t *testing.T) {
	ours, other := pair(t)
	moved := ours.read.watch()
	interrupt := time.Unix(1, 0)
	require.NoError(t, ours.SetReadDeadline(interrupt))
	require.Empty(t, moved, "nobody reads")
	_, err := ours.Read(make([]byte, 1))
	require.ErrorIs(t, err, os.ErrDeadlineExceeded)
	var timeout net.Error
	require.ErrorAs(t, err, &timeout)
	require.True(t, timeout.Timeout())

	require.NoError(t, ours.SetReadDeadline(time.Time{}))
	failed := make(chan error, 1)
	go func() {
		_, err := ours.Read(make([]byte, 1))
		failed <- err
	}()
	require.Eventually(t, func() bool {
		ours.read.mu.Lock()
		defer ours.read.mu.Unlock()
		return ours.read.inside == 1
	}, 10*time.Second, time.Millisecond)
	require.NoError(t, ours.SetReadDeadline(interrupt))
	require.ErrorIs(t, <-failed, os.ErrDeadlineExceeded)
	require.Equal(t, interrupt, <-moved)

	require.NoError(t, ours.SetReadDeadline(time.Time{}))
	_, err = other.Write([]byte("x"))
	require.NoError(t, err)
	_, err = ours.Read(make([]byte, 1))
	require.NoError(t, err, "it is over")
}

// TestStuckWriteEnds: a partly written text goes on after a deadline that came
// too early, and ends at its own.
func TestStuckWriteEnds(t *testing.T) {
	text := make([]byte, 64<<20) // more than the system takes
	for i := range text {
		text[i] = byte(i % 251)
	}
	ours, other := pair(t)
	moved := ours.write.watch()
	early := time.Now().Add(10 * time.Millisecond)
	require.NoError(t, ours.SetWriteDeadline(early))
	require.Equal(t, early, <-moved)
	late := early.Add(time.Hour)
	require.NoError(t, ours.SetWriteDeadline(late))
	var n int
	ended := make(chan error, 1)
	go func() {
		var err error
		n, err = ours.Write(text)
		ended <- err
	}()
	require.Equal(t, late, <-moved, "it came too early, and was moved")
	soon := time.Now().Add(10 * time.Millisecond)
	require.NoError(t, ours.SetWriteDeadline(soon))
	require.Equal(t, soon, <-moved)
	require.ErrorIs(t, <-ended, os.ErrDeadlineExceeded)
	require.False(t, time.Now().Before(soon))
	require.Less(t, n, len(text))

	require.NoError(t, ours.SetWriteDeadline(time.Time{}))
	rest := make(chan error, 1)
	go func() {
		_, err := ours.Write(text[n:])
		rest <- err
	}()
	got := make([]byte, len(text))
	_, err := io.ReadFull(other, got)
	require.NoError(t, err)
	require.NoError(t, <-rest)
	require.True(t, bytes.Equal(text, got), "nothing is lost and nothing is sent twice")
}

// counted is a connection that counts what is set on it.
type counted struct {
	net.Conn
	set *atomic.Int64
}

func (c counted) SetReadDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetReadDeadline(t)
}

func (c counted) SetWriteDeadline(t time.Time) error {
	c.set.Add(1)
	return c.Conn.SetWriteDeadline(t)
}

type counting struct {
	net.Listener
	set atomic.Int64
}

func (l *counting) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return counted{c, &l.set}, err
}

func TestRequestsSetFew(t *testing.T) {
	below, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &counting{Listener: below}
	server := &http.Server{
		Handler:     http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}),
		ReadTimeout: time.Hour, WriteTimeout: time.Hour, IdleTimeout: time.Hour,
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(Listen(l)) }()
	client := &http.Client{Transport: &http.Transport{}}
	const requests = 1000
	for range requests {
		answer, err := client.Get("http://" + l.Addr().String())
		require.NoError(t, err)
		require.NoError(t, answer.Body.Close())
	}
	// An interrupt of somebody who reads is set below, and taken back.
	require.LessOrEqual(t, l.set.Load(), int64(2*requests+4))
	require.NoError(t, server.Close())
	require.ErrorIs(t, <-ended, http.ErrServerClosed)
	client.CloseIdleConnections()
}
