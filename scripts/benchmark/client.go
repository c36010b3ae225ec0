package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strconv"
	"time"
)

// client is one kept-alive connection, used by one goroutine.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	body   []byte
	etag   []byte // of the last response
	unhook func() bool
}

// dial connects; when ctx is done, what the client waits for fails.
func dial(ctx context.Context, addr string) (*client, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, "tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("bench: connect: %w", err)
	}
	return &client{
		conn:   conn,
		r:      bufio.NewReaderSize(conn, 8<<10),
		unhook: context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) }),
	}, nil
}

func (c *client) close() {
	c.unhook()
	c.conn.Close()
}

// do sends a request that newRequest made and expects a status. The body is
// valid until the next call.
func (c *client) do(request []byte, status int) ([]byte, error) {
	if _, err := c.conn.Write(request); err != nil {
		return nil, fmt.Errorf("bench: send: %w", err)
	}
	res, err := readResponse(c.r, c.body, c.etag)
	if err != nil {
		return nil, err
	}
	if res.body != nil {
		c.body = res.body
	}
	c.etag = res.etag
	if res.status != status {
		return nil, fmt.Errorf("%w: status %d instead of %d: %.300q", errResponse, res.status, status, res.body)
	}
	return res.body, nil
}

// newRequest is a whole request as it goes over the wire. The token and the
// body may be empty; more are further headers, each ended by CRLF.
func newRequest(method, path, addr, token, body, more string) []byte {
	text := method + " " + path + " HTTP/1.1\r\nHost: " + addr + "\r\n"
	if token != "" {
		text += "Authorization: Bearer " + token + "\r\n"
	}
	if body != "" {
		text += "Content-Type: application/json\r\n"
	}
	if body != "" || method == "POST" {
		text += "Content-Length: " + strconv.Itoa(len(body)) + "\r\n"
	}
	return []byte(text + more + "\r\n" + body)
}
