package db

import (
	"context"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/lib/pq"
)

// cancelGrace is how long a query that was given up may still answer: enough
// for Postgres to honour the cancel request, which keeps the query from
// running on after us.
const cancelGrace = 500 * time.Millisecond

// connector opens lib/pq connections that cannot hang. lib/pq (1.12.3) blocks
// in Read without a deadline and does not look at the context there: when the
// context ends it asks the server, over a second connection, to cancel the
// query, and waits for the first to answer. A server that is stopped or
// unreachable never does.
type connector struct {
	config pq.Config
	// budget is how long any one answer may take.
	budget time.Duration
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	p, err := pq.NewConnectorConfig(c.config)
	if err != nil {
		return nil, err
	}
	l := &link{budget: c.budget}
	p.Dialer(l)
	// The handshake that follows the dial does not look at ctx either.
	stop := context.AfterFunc(ctx, func() { l.cut(0) })
	defer stop()
	conn, err := p.Connect(ctx)
	if err != nil {
		return nil, err
	}
	l.setReady()
	return conn, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &pq.Driver{} }

// link dials for one lib/pq connection. While that is being opened a dial is
// the connection itself (or another of its hosts); afterwards lib/pq dials
// only to send a cancel request, which tells us that a context has ended: from
// then on the connection's answer is worth little and waited for briefly.
type link struct {
	budget time.Duration

	mu    sync.Mutex // guards the rest
	conn  *timedConn
	ready bool
}

// Dial implements pq.Dialer.
func (l *link) Dial(network, address string) (net.Conn, error) {
	return l.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (l *link) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return l.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (l *link) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	if l.isReady() {
		l.cut(cancelGrace)
		// lib/pq puts a deadline of connect_timeout on it and leaves it there.
		return d.DialContext(ctx, network, address)
	}
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	t := &timedConn{Conn: c}
	l.mu.Lock()
	l.conn = t
	l.mu.Unlock()
	if ctx.Err() != nil { // it ended before cut could see the connection
		t.cut(0)
	}
	return t, nil
}

func (l *link) cut(grace time.Duration) {
	l.mu.Lock()
	conn := l.conn
	l.mu.Unlock()
	if conn != nil {
		conn.cut(grace)
	}
}

func (l *link) isReady() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.ready
}

func (l *link) setReady() {
	l.mu.Lock()
	l.ready = true
	conn := l.conn
	l.mu.Unlock()
	conn.setBudget(l.budget)
}

// timedConn gives every answer a time, counted from the latest write. An idle
// connection has a deadline in the past, which nobody reads before the next
// write moves it.
type timedConn struct {
	net.Conn

	mu     sync.Mutex // guards the rest, and the order of deadlines
	budget time.Duration
	isCut  bool
}

// Write implements net.Conn.
func (c *timedConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.budget > 0 && !c.isCut {
		_ = c.Conn.SetDeadline(time.Now().Add(c.budget + cancelGrace))
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Read implements net.Conn. A reset says the same as an end of file, and only
// of the latter does lib/pq know that it means a bad connection.
func (c *timedConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		err = io.EOF
	}
	return n, err
}

// SetDeadline implements net.Conn; a connection that was cut stays so.
func (c *timedConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.isCut {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

func (c *timedConn) cut(grace time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.isCut = true
	_ = c.Conn.SetDeadline(time.Now().Add(grace))
}

func (c *timedConn) setBudget(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.budget = d
}
