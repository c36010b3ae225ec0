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

// connector opens connections to Postgres that cannot hang.
//
// lib/pq (1.12.3) reads without a deadline and does not look at the context
// while it reads. When the context ends, it opens a second connection to ask the
// server to cancel the query, and then waits for the first connection to answer.
// A server that is stopped or unreachable never answers. So each connection here
// sets a deadline of its own on every answer.
type connector struct {
	config  pq.Config
	timeout time.Duration // for each answer of the server
}

// Connect implements driver.Connector.
func (c *connector) Connect(ctx context.Context) (driver.Conn, error) {
	p, err := pq.NewConnectorConfig(c.config)
	if err != nil {
		return nil, err
	}
	d := &connDialer{timeout: c.timeout}
	p.Dialer(d)
	// lib/pq ignores ctx during the handshake after the dial, too.
	stop := context.AfterFunc(ctx, func() { d.expire(0) })
	defer stop()
	conn, err := p.Connect(ctx)
	if err != nil {
		return nil, err
	}
	d.setConnected()
	return conn, nil
}

// Driver implements driver.Connector.
func (c *connector) Driver() driver.Driver { return &pq.Driver{} }

// connDialer dials for one lib/pq connection. Until that connection is
// established, a dial is for the connection itself or for the next of its hosts.
// After that, lib/pq dials only to send a cancel request. This tells us that a
// context has ended, so the connection then gets no more than cancelGrace.
type connDialer struct {
	timeout time.Duration

	mu        sync.Mutex // guards the rest
	conn      *deadlineConn
	connected bool
}

// Dial implements pq.Dialer.
func (d *connDialer) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialTimeout implements pq.Dialer.
func (d *connDialer) DialTimeout(network, address string, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return d.DialContext(ctx, network, address)
}

// DialContext implements pq.DialerContext.
func (d *connDialer) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var dialer net.Dialer
	if d.isConnected() {
		d.expire(cancelGrace)
		// lib/pq sets a deadline of connect_timeout on this connection and
		// leaves it there.
		return dialer.DialContext(ctx, network, address)
	}
	c, err := dialer.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	conn := &deadlineConn{Conn: c}
	d.mu.Lock()
	d.conn = conn
	d.mu.Unlock()
	if ctx.Err() != nil { // it ended before expire could see the connection
		conn.expire(0)
	}
	return conn, nil
}

// expire limits the connection, if there is one yet, to the time of grace.
func (d *connDialer) expire(grace time.Duration) {
	d.mu.Lock()
	conn := d.conn
	d.mu.Unlock()
	if conn != nil {
		conn.expire(grace)
	}
}

func (d *connDialer) isConnected() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.connected
}

func (d *connDialer) setConnected() {
	d.mu.Lock()
	d.connected = true
	conn := d.conn
	d.mu.Unlock()
	conn.setTimeout(d.timeout)
}

// deadlineConn sets a deadline on every answer, counted from the latest write. An
// idle connection has a deadline in the past. That does no harm, because nobody
// reads before the next write moves it.
type deadlineConn struct {
	net.Conn

	mu      sync.Mutex    // guards the rest, and the order of deadlines
	timeout time.Duration // 0 until the connection is established: no deadline
	expired bool          // the deadline is final
}

// Write implements net.Conn.
func (c *deadlineConn) Write(b []byte) (int, error) {
	c.mu.Lock()
	if c.timeout > 0 && !c.expired {
		_ = c.Conn.SetDeadline(time.Now().Add(c.timeout + cancelGrace))
	}
	c.mu.Unlock()
	return c.Conn.Write(b)
}

// Read implements net.Conn. It reports a reset connection as io.EOF, because
// lib/pq takes only io.EOF for the sign of a bad connection.
func (c *deadlineConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE) {
		err = io.EOF
	}
	return n, err
}

// SetDeadline implements net.Conn. It changes nothing after expire.
func (c *deadlineConn) SetDeadline(t time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.expired {
		return nil
	}
	return c.Conn.SetDeadline(t)
}

// expire makes reads and writes fail once grace is over, for good.
func (c *deadlineConn) expire(grace time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.expired = true
	_ = c.Conn.SetDeadline(time.Now().Add(grace))
}

func (c *deadlineConn) setTimeout(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timeout = d
}
