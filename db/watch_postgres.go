package db

import (
	"context"
	"errors"
	"time"

	"github.com/lib/pq"
)

// channel is the NOTIFY channel of the triggers; the migrations name it too, in
// interplexer_notify.
const channel = "interplexer_changes"

// watchPostgres listens on one connection until that is lost or ctx is done. It
// calls emit with Resync once it listens, and with Changed for notifications.
//
// It uses lib/pq's ListenerConn and not its Listener: the Ping and Close of the
// latter wait for a lock, which is held as long as a stopped server does not
// answer.
func (s *Store) watchPostgres(ctx context.Context, emit func(ChangeKind)) error {
	notes := make(chan *pq.Notification, 32)
	conn, err := pq.NewListenerConn(s.source, notes) // bounded by connect_timeout
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	pingerDone := make(chan struct{})
	defer func() {
		cancel()
		stop()
		_ = conn.Close()
		for range notes { // the connection's reader closes it when it ends
		}
		<-pingerDone
	}()
	if err := s.execBounded(conn, "LISTEN "+pq.QuoteIdentifier(channel)); err != nil {
		close(pingerDone)
		return err
	}
	// The pings need a goroutine of their own: lib/pq reads their answers in the
	// goroutine that also blocks until we take the notifications.
	go func() {
		defer close(pingerDone)
		s.pingUntilDone(ctx, conn)
	}()
	emit(Resync)
	for range notes {
		drain(notes)
		emit(Changed)
	}
	return errors.New("connection lost")
}

// pingUntilDone pings the connection every pingInterval until ctx is done. It
// closes a connection that does not answer.
func (s *Store) pingUntilDone(ctx context.Context, conn *pq.ListenerConn) {
	tick := time.NewTicker(pingInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.execBounded(conn, "") != nil {
				_ = conn.Close()
				return
			}
		}
	}
}

// execBounded runs a query without arguments. It closes the connection when the
// answer takes longer than the query timeout. ListenerConn.Ping will not do: it
// panics when the server answers with an error, for example because an
// administrator cancelled the query.
func (s *Store) execBounded(conn *pq.ListenerConn, query string) error {
	watchdog := time.AfterFunc(s.options.QueryTimeout, func() { _ = conn.Close() })
	defer watchdog.Stop()
	_, err := conn.ExecSimpleQuery(query)
	return err
}

// drain takes the notifications that have already arrived, so that one Changed
// covers them all.
func drain(notes <-chan *pq.Notification) {
	for {
		select {
		case _, ok := <-notes:
			if !ok {
				return
			}
		default:
			return
		}
	}
}
