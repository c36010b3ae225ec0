package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// keystrokes is how many are measured of each way of waiting, and, of the spawner's,
// spawnedKeystrokes. Of 200 the slowest hundredth is one burst of another's on the
// machine.
const (
	keystrokes        = 600
	spawnedKeystrokes = 200
)

// runLatency measures the time from a key typed through the API to the client
// seeing its echo, by every way of waiting for it.
func runLatency(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "latency", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.service(ctx, "a", "")
		if err != nil {
			return err
		}
		theirs, err := b.spawner(ctx)
		if err != nil {
			return err
		}
		for _, way := range []struct {
			name string
			t    *target
			keys int
			open func(context.Context, *target, string) (*watching, error)
		}{
			{"WebSocket", ours.target, keystrokes, watchSocket},
			{"SSE", ours.target, keystrokes, watchEvents},
			{"long-poll", ours.target, keystrokes, watchLongPoll},
			{"spawner at 100 Hz", theirs, spawnedKeystrokes, watchPolling(10 * time.Millisecond)},
			{"spawner at 10 Hz", theirs, spawnedKeystrokes, watchPolling(100 * time.Millisecond)},
		} {
			f, err := echoes(ctx, way.t, way.keys, way.open)
			if err != nil {
				return fmt.Errorf("%s: %w", way.name, err)
			}
			p50, p99 := milliseconds(f.P50), milliseconds(f.P99)
			y.note(way.name+" p50 ms", p50, "%-18s p50 %7.2f ms   p99 %7.2f ms", way.name, p50, p99)
			y.Figures[way.name+" p99 ms"] = p99
			if way.t == ours.target {
				y.Verdicts = append(y.Verdicts, atMost(way.name+" p50 in ms", p50, 3), atMost(way.name+" p99 in ms", p99, 15))
			}
		}
		return nil
	})
}

// watching is a client that types and looks for the echo.
type watching struct {
	press func(text string) error
	// shown is all that the screen has shown, without its line ends; it blocks
	// until there is news.
	shown func() (string, error)
	close func()
}

// echoes measures keystrokes in a session that echoes what it is sent.
func echoes(ctx context.Context, t *target, keys int, open func(context.Context, *target, string) (*watching, error)) (figures, error) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	c, err := dial(ctx, t.addr)
	if err != nil {
		return figures{}, err
	}
	defer c.close()
	id, err := t.create(c, []string{"sh", "-c", "stty raw -echo; printf ready; exec cat"})
	if err != nil {
		return figures{}, err
	}
	t.seats = append(t.seats, seat{id: id}) // to be ended with the rest
	w, err := open(ctx, t, id)
	if err != nil {
		return figures{}, err
	}
	defer w.close()
	if err := w.await("ready"); err != nil {
		return figures{}, err
	}
	var took []time.Duration
	for i := range keys {
		// Keys do not come in step with anything.
		time.Sleep(30*time.Millisecond + rand.N(20*time.Millisecond))
		key := fmt.Sprintf("<%d>", i)
		begin := time.Now()
		if err := w.press(key); err != nil {
			return figures{}, err
		}
		if err := w.await(key); err != nil {
			return figures{}, err
		}
		took = append(took, time.Since(begin))
	}
	return newFigures(took, time.Second), nil
}

func (w *watching) await(text string) error {
	for {
		shown, err := w.shown()
		if err != nil {
			return err
		}
		if strings.Contains(shown, text) {
			return nil
		}
	}
}

// pressing types over a connection of its own.
func pressing(ctx context.Context, t *target, id string) (func(string) error, func(), error) {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return nil, nil, err
	}
	return func(text string) error {
		_, err := c.do(t.request("POST", "/api/session/"+id+"/send-keys/", `{"keys":"`+text+`","enter":false}`), 204)
		return err
	}, c.close, nil
}

func watchSocket(ctx context.Context, t *target, id string) (*watching, error) {
	conn, _, err := websocket.Dial(ctx, "ws://"+t.addr+"/api/sessions/"+id+"/attach", &websocket.DialOptions{
		Subprotocols: []string{"interplexer.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + t.token}},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	var shown []byte
	return &watching{
		press: func(text string) error { return conn.Write(ctx, websocket.MessageBinary, []byte(text)) },
		shown: func() (string, error) {
			kind, data, err := conn.Read(ctx)
			if kind == websocket.MessageBinary {
				shown = append(shown, data...)
			}
			return string(shown[max(0, len(shown)-4096):]), err
		},
		close: func() { _ = conn.CloseNow() },
	}, nil
}

func watchEvents(ctx context.Context, t *target, id string) (*watching, error) {
	press, done, err := pressing(ctx, t, id)
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, "GET", "http://"+t.addr+"/api/sessions/"+id+"/events?events=screen", nil)
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+t.token)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	lines := bufio.NewReader(response.Body)
	return &watching{
		press: press,
		shown: func() (string, error) {
			line, err := lines.ReadString('\n')
			return strings.ReplaceAll(line, `\n`, ""), err
		},
		close: func() {
			response.Body.Close()
			done()
		},
	}, nil
}

func watchLongPoll(ctx context.Context, t *target, id string) (*watching, error) {
	press, done, err := pressing(ctx, t, id)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, t.addr)
	if err != nil {
		return nil, err
	}
	return &watching{
		press: press,
		shown: func() (string, error) {
			known := ""
			if len(c.etag) > 0 {
				known = "If-None-Match: " + string(c.etag) + "\r\n"
			}
			body, err := c.do(newRequest("GET", capturePath(id)+"?wait=60", t.addr, t.token, "", known), 200)
			return strings.ReplaceAll(string(body), "\n", ""), err
		},
		close: func() {
			c.close()
			done()
		},
	}, nil
}

// watchPolling asks again and again.
func watchPolling(every time.Duration) func(context.Context, *target, string) (*watching, error) {
	return func(ctx context.Context, t *target, id string) (*watching, error) {
		press, done, err := pressing(ctx, t, id)
		if err != nil {
			return nil, err
		}
		c, err := dial(ctx, t.addr)
		if err != nil {
			return nil, err
		}
		ticker := time.NewTicker(every)
		request := t.request("POST", "/api/session/"+id+"/capture-pane/", "")
		return &watching{
			press: press,
			shown: func() (string, error) {
				select {
				case <-ticker.C:
				case <-ctx.Done():
					return "", errors.New("bench: no echo in time")
				}
				body, err := c.do(request, 200)
				return strings.ReplaceAll(string(body), "\n", ""), err
			},
			close: func() {
				ticker.Stop()
				c.close()
				done()
			},
		}, nil
	}
}
