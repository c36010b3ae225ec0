package db_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
)

func TestTimedWatchSurvivesPostgres(t *testing.T) {
	server, s := newServerAndStore(t)
	w := watch(t, s)
	w.expect(db.Resync, 10*time.Second)
	server.Restart()
	w.expect(db.Lost, 2*time.Second)
	w.expect(db.Resync, 5*time.Second)

	server.Signal(syscall.SIGSTOP)
	w.expect(db.Lost, pingTime+callTime+time.Second)
	server.Signal(syscall.SIGCONT)
	w.expect(db.Resync, callTime+5*time.Second)

	server.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LISTEN%' AND pid <> pg_backend_pid()")
	w.expect(db.Lost, 2*time.Second)
	w.expect(db.Resync, 5*time.Second)
	newUser(t, s, "alice")
	w.expect(db.Changed, time.Second)
}

// pingTime is the interval of the pings on a silent connection.
const pingTime = time.Second

// Watch ends at once even while the server does not answer its connection.
func TestTimedWatchEndsOnStoppedPostgres(t *testing.T) {
	server, s := newServerAndStore(t)
	ctx, cancel := context.WithCancel(t.Context())
	ended, resync := make(chan error, 1), make(chan struct{}, 10)
	go func() { ended <- s.Watch(ctx, func(db.Change) { resync <- struct{}{} }) }()
	<-resync
	server.Signal(syscall.SIGSTOP)
	cancel()
	select {
	case err := <-ended:
		require.ErrorIs(t, err, context.Canceled)
	case <-time.After(2 * time.Second):
		require.Fail(t, "Watch is still running")
	}
	server.Signal(syscall.SIGCONT)
}
