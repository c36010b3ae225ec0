package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strconv"
	"time"
)

// client is a connection that is kept alive. One goroutine uses it.
type client struct {
	conn   net.Conn
	r      *bufio.Reader
	body   []byte
	etag   []byte // of the last response
	unhook func() bool
}

// dial connects to addr. When ctx is done, the calls of the client fail. The caller
// closes the client.
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

// do sends a request that newRequest has made, waits for the response, and returns
// its body. It fails when the status is another one. The body is valid until the
// next call.
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

// newRequest returns the bytes of a request. The token and the body may be empty.
// more are more headers, each with CRLF at its end.
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

// maxBody bounds the length of a response.
const maxBody = 16 << 20

// errResponse reports a response that is not HTTP as this program reads it, or that
// has another status than expected.
var errResponse = errors.New("bench: bad response")

// response is the part of an HTTP/1.1 response that is checked. Its body is valid
// until the next response is read into the same buffer.
type response struct {
	status int
	body   []byte
	etag   []byte // valid as long as the body
}

// readResponse reads one response, whose body must have a Content-Length. It does
// no more than that, because the load generator shares the cores with the servers
// that it measures. Use net/http elsewhere.
func readResponse(r *bufio.Reader, buf, etagBuf []byte) (response, error) {
	status, err := readStatus(r)
	if err != nil {
		return response{}, err
	}
	length := -1
	etag := etagBuf[:0]
	for {
		line, err := readLine(r)
		if err != nil {
			return response{}, err
		}
		if len(line) == 0 {
			break
		}
		name, value, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return response{}, fmt.Errorf("%w: header %q", errResponse, line)
		}
		switch {
		case bytes.EqualFold(name, []byte("Content-Length")):
			if length, err = parseLength(bytes.TrimSpace(value)); err != nil {
				return response{}, err
			}
		case bytes.EqualFold(name, []byte("Etag")):
			etag = append(etag, bytes.TrimSpace(value)...)
		case bytes.EqualFold(name, []byte("Transfer-Encoding")):
			return response{}, fmt.Errorf("%w: Transfer-Encoding %s", errResponse, bytes.TrimSpace(value))
		case bytes.EqualFold(name, []byte("Connection")) && bytes.EqualFold(bytes.TrimSpace(value), []byte("close")):
			return response{}, fmt.Errorf("%w: the server closes the connection (status %d)", errResponse, status)
		}
	}
	res, err := readBody(r, buf, status, length)
	res.etag = etag
	return res, err
}

func readBody(r *bufio.Reader, buf []byte, status, length int) (response, error) {
	if status == 204 || status == 304 {
		return response{status: status}, nil
	}
	if length < 0 {
		return response{}, fmt.Errorf("%w: status %d without Content-Length", errResponse, status)
	}
	if cap(buf) < length {
		buf = make([]byte, length)
	}
	buf = buf[:length]
	if _, err := io.ReadFull(r, buf); err != nil {
		return response{}, fmt.Errorf("%w: body: %w", errResponse, err)
	}
	return response{status: status, body: buf}, nil
}

// readStatus reads a line such as "HTTP/1.1 200 OK".
func readStatus(r *bufio.Reader) (int, error) {
	line, err := readLine(r)
	if err != nil {
		return 0, err
	}
	code, ok := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || len(code) < 3 || len(code) > 3 && code[3] != ' ' {
		return 0, fmt.Errorf("%w: status line %q", errResponse, line)
	}
	status, err := parseLength(code[:3])
	if err != nil || status < 200 {
		return 0, fmt.Errorf("%w: status line %q", errResponse, line)
	}
	return status, nil
}

// readLine returns a line without its CRLF, valid until the next read.
func readLine(r *bufio.Reader) ([]byte, error) {
	line, err := r.ReadSlice('\n')
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errResponse, err)
	}
	line, ok := bytes.CutSuffix(line, []byte("\r\n"))
	if !ok {
		return nil, fmt.Errorf("%w: line %q does not end in CRLF", errResponse, line)
	}
	return line, nil
}

// parseLength reads decimal digits and nothing else.
func parseLength(digits []byte) (int, error) {
	n := 0
	for _, d := range digits {
		if d < '0' || d > '9' || n > maxBody {
			return 0, fmt.Errorf("%w: number %q", errResponse, digits)
		}
		n = n*10 + int(d-'0')
	}
	if len(digits) == 0 || n > maxBody {
		return 0, fmt.Errorf("%w: number %q", errResponse, digits)
	}
	return n, nil
}
