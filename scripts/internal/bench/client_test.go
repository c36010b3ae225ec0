package main

import (
	"bufio"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadResponse(t *testing.T) {
	for name, tc := range map[string]struct {
		text   string
		status int
		body   string
	}{
		"body":          {"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nhello", 200, "hello"},
		"case":          {"HTTP/1.1 200 OK\r\ncontent-length:5\r\n\r\nhello", 200, "hello"},
		"no reason":     {"HTTP/1.1 404\r\nContent-Length: 0\r\n\r\n", 404, ""},
		"no content":    {"HTTP/1.1 204 No Content\r\nX-Request-Id: 1\r\n\r\n", 204, ""},
		"lines in body": {"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n\r\n\r\n", 200, "\r\n\r\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := bufio.NewReader(strings.NewReader(tc.text + "HTTP/1.1 418 next\r\nContent-Length: 0\r\n\r\n"))
			res, err := readResponse(r, nil, nil)
			require.NoError(t, err)
			require.Equal(t, tc.status, res.status)
			require.Equal(t, tc.body, string(res.body))

			next, err := readResponse(r, res.body, nil)
			require.NoError(t, err)
			require.Equal(t, 418, next.status, "what follows on the connection")
		})
	}
}

func TestReadResponseRefuses(t *testing.T) {
	for name, text := range map[string]string{
		"nothing":         "",
		"old":             "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
		"status":          "HTTP/1.1 2x0 OK\r\nContent-Length: 0\r\n\r\n",
		"long status":     "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		"interim":         "HTTP/1.1 100 Continue\r\n\r\n",
		"bare newline":    "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
		"not a header":    "HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n",
		"no length":       "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\n\r\nhello",
		"empty length":    "HTTP/1.1 200 OK\r\nContent-Length: \r\n\r\n",
		"negative length": "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
		"huge length":     "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
		"chunked":         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"closing":         "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
		"short body":      "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell",
		"cut off":         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			_, err := readResponse(bufio.NewReader(strings.NewReader(text)), nil, nil)
			require.ErrorIs(t, err, errResponse)
		})
	}
}
