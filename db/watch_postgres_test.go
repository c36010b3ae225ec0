package db_test

import (
	"context"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
)

func TestWatchSurvivesPostgres(t *testing.T) {
	server, s := faulty(t)
	f := watch(t, s)
	f.expect(db.Resync, 10*time.Second)
	server.Restart()
	f.expect(db.Lost, 2*time.Second)
	f.expect(db.Resync, 5*time.Second)

	server.Signal(syscall.SIGSTOP)
	f.expect(db.Lost, pingTime+callTime+time.Second)
	server.Signal(syscall.SIGCONT)
	f.expect(db.Resync, callTime+5*time.Second)

	server.Exec("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE '%LISTEN%' AND pid <> pg_backend_pid()")
	f.expect(db.Lost, 2*time.Second)
	f.expect(db.Resync, 5*time.Second)
	newUser(t, s, "alice")
	f.expect(db.Changed, time.Second)
}

// pingTime is how long a silent feed goes unasked.
const pingTime = time.Second

// Watch ends at once even while the server does not answer its connection.
func TestWatchEndsOnStoppedPostgres(t *testing.T) {
	server, s := faulty(t)
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
