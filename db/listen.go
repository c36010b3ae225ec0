package db

import (
	"context"
	"errors"
	"time"

	"github.com/lib/pq"
)

const (
	// channel is also named by the migrations' interplexer_notify.
	channel = "interplexer_changes"
	// pingEvery is how often a silent connection is asked for a sign of life.
	pingEvery = time.Second
)

// listen is one connection's life as a feed. It uses lib/pq's ListenerConn and
// not its Listener: the latter's Ping and Close wait for a lock that is held
// as long as a server that has stopped does not answer.
func (s *Store) listen(ctx context.Context, tell func(ChangeKind)) error {
	notes := make(chan *pq.Notification, 32)
	conn, err := pq.NewListenerConn(s.source, notes) // bounded by connect_timeout
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() })
	pings := make(chan struct{})
	defer func() {
		cancel()
		stop()
		_ = conn.Close()
		for range notes { // closed by the connection's reader as it ends
		}
		<-pings
	}()
	if err := s.ask(conn, "LISTEN "+pq.QuoteIdentifier(channel)); err != nil {
		close(pings)
		return err
	}
	// In a goroutine of its own, since its answers are read by the one that
	// waits for us to take the notifications.
	go func() {
		defer close(pings)
		s.keepAsking(ctx, conn)
	}()
	tell(Resync)
	for range notes {
		drain(notes)
		tell(Changed)
	}
	return errors.New("connection lost")
}

// keepAsking closes a connection that no longer answers, until ctx is done.
func (s *Store) keepAsking(ctx context.Context, conn *pq.ListenerConn) {
	tick := time.NewTicker(pingEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if s.ask(conn, "") != nil {
				_ = conn.Close()
				return
			}
		}
	}
}

// ask sends a query without arguments and closes the connection when the
// answer takes too long. ListenerConn.Ping will not do: it panics when the
// server answers with an error, a cancelled query for one.
func (s *Store) ask(conn *pq.ListenerConn, query string) error {
	watchdog := time.AfterFunc(s.options.QueryTimeout, func() { _ = conn.Close() })
	defer watchdog.Stop()
	_, err := conn.ExecSimpleQuery(query)
	return err
}

// drain takes what has come already: one Changed stands for all.
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
