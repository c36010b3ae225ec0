package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"github.com/coder/websocket"
	"github.com/creack/pty"
)

// keystrokes is how many are measured of each way of waiting, and, of the spawner's,
// spawnedKeystrokes. Of 200 the slowest hundredth is one burst of another's on the
// machine.
const (
	keystrokes        = 600
	spawnedKeystrokes = 200
)

// runLatency measures the time from a key typed through the API to the client
// seeing its echo, by every way of waiting for it, and what a terminal with nothing
// but the program takes. These take turns, key by key, so that the machine's moods
// are everybody's; the spawner, which keeps the machine busy, comes after them.
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
		quiet := []*way{
			{name: "WebSocket", t: ours.target, open: watchSocket},
			{name: "SSE", t: ours.target, open: watchEvents},
			{name: "long-poll", t: ours.target, open: watchLongPoll},
			{name: "bare terminal", open: watchTerminal},
		}
		busy := []*way{
			{name: "spawner at 100 Hz", t: theirs, open: watchPolling(10 * time.Millisecond)},
			{name: "spawner at 10 Hz", t: theirs, open: watchPolling(100 * time.Millisecond)},
		}
		if err := echoes(ctx, quiet, keystrokes, 20*time.Millisecond); err != nil {
			return err
		}
		if err := echoes(ctx, busy, spawnedKeystrokes, 100*time.Millisecond); err != nil {
			return err
		}
		for _, w := range append(quiet, busy...) {
			f := newFigures(w.took, time.Second)
			p50, p99 := milliseconds(f.P50), milliseconds(f.P99)
			y.note(w.name+" p50 ms", p50, "%-18s p50 %7.2f ms   p99 %7.2f ms", w.name, p50, p99)
			y.Figures[w.name+" p99 ms"] = p99
			if w.t == ours.target {
				y.Verdicts = append(y.Verdicts, atMost(w.name+" p50 in ms", p50, 3), atMost(w.name+" p99 in ms", p99, 15))
			}
		}
		return nil
	})
}

// way is one way of waiting for an echo.
type way struct {
	name string
	t    *target // nil: none
	open func(context.Context, *target, string) (*watching, error)
	*watching
	took []time.Duration
}

// watching is a client that types and looks for the echo.
type watching struct {
	press func(text string) error
	// shown is all that the screen has shown, without its line ends; it blocks
	// until there is news.
	shown func() (string, error)
	close func()
}

// echoing is the program of the sessions.
var echoing = []string{"sh", "-c", "stty raw -echo; printf ready; exec cat"}

// echoes measures keystrokes in sessions that echo what they are sent. Those of one
// way come at any time within spread, which is as long as a poller's interval: keys
// do not come in step with anything.
func echoes(ctx context.Context, ways []*way, keys int, spread time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for _, w := range ways {
		if err := w.begin(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		defer w.close()
	}
	for i := range keys {
		for _, w := range ways {
			time.Sleep(30*time.Millisecond + rand.N(spread))
			key := fmt.Sprintf("<%d>", i)
			begin := time.Now()
			if err := w.press(key); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if err := w.await(key); err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			w.took = append(w.took, time.Since(begin))
		}
	}
	return nil
}

// begin opens a session of the way's own, if it has any, and waits for its program.
func (w *way) begin(ctx context.Context) error {
	id := ""
	if w.t != nil {
		c, err := dial(ctx, w.t.addr)
		if err != nil {
			return err
		}
		defer c.close()
		if id, err = w.t.create(c, echoing); err != nil {
			return err
		}
		w.t.seats = append(w.t.seats, seat{id: id}) // to be ended with the rest
	}
	var err error
	if w.watching, err = w.open(ctx, w.t, id); err != nil {
		return err
	}
	if err = w.await("ready"); err != nil {
		w.close()
	}
	return err
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
			press: func(text string) error {
				select {
				case <-ticker.C: // of before the key
				default:
				}
				return press(text)
			},
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

// watchTerminal has the program on a terminal of its own, with nothing between.
func watchTerminal(ctx context.Context, _ *target, _ string) (*watching, error) {
	program := exec.CommandContext(ctx, echoing[0], echoing[1:]...)
	terminal, err := pty.Start(program)
	if err != nil {
		return nil, err
	}
	var shown []byte
	buf := make([]byte, 4096)
	return &watching{
		press: func(text string) error {
			_, err := terminal.WriteString(text)
			return err
		},
		shown: func() (string, error) {
			n, err := terminal.Read(buf)
			shown = append(shown, buf[:n]...)
			return string(shown[max(0, len(shown)-4096):]), err
		},
		close: func() {
			_ = program.Process.Kill() // fails when it has ended
			_ = program.Wait()
			terminal.Close()
		},
	}, nil
}
