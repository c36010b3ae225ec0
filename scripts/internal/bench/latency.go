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

// keystrokes is the number of keys that each transport of the service measures.
// With 200 keys the slowest hundredth would be one burst of load from another
// program on the machine.
const (
	keystrokes        = 600
	spawnedKeystrokes = 200 // of each transport of the spawner
)

// runLatency measures the time from a key typed through the API until the client
// sees its echo, for every transport of the screen, and for a terminal that has
// nothing but the program. The transports of the service take turns key by key, so
// that a slow time of the machine affects all of them. Those of the spawner, which
// keeps the machine busy, come after them.
func runLatency(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "latency", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.startService(ctx, "a", "")
		if err != nil {
			return err
		}
		theirs, err := b.startSpawner(ctx)
		if err != nil {
			return err
		}
		quiet := []*transport{
			{name: "WebSocket", t: ours.target, open: openSocket},
			{name: "SSE", t: ours.target, open: openEvents},
			{name: "long-poll", t: ours.target, open: openLongPoll},
			{name: "bare terminal", open: openTerminal},
		}
		busy := []*transport{
			{name: "spawner at 100 Hz", t: theirs, open: openPolling(10 * time.Millisecond)},
			{name: "spawner at 10 Hz", t: theirs, open: openPolling(100 * time.Millisecond)},
		}
		if err := measureEchoes(ctx, quiet, keystrokes, 20*time.Millisecond); err != nil {
			return err
		}
		if err := measureEchoes(ctx, busy, spawnedKeystrokes, 100*time.Millisecond); err != nil {
			return err
		}
		for _, w := range append(quiet, busy...) {
			w.judge(y, w.t == ours.target)
		}
		return nil
	})
}

// transport is one way to type a key and to see its echo.
type transport struct {
	name string
	t    *target // nil: none
	open func(context.Context, *target, string) (*terminal, error)
	*terminal
	took []time.Duration // until the echo of each key
}

// judge notes the figures. There are promises about the transports of the service.
func (w *transport) judge(y *summary, promised bool) {
	f := newFigures(w.took, time.Second)
	p50, p99 := milliseconds(f.P50), milliseconds(f.P99)
	y.note(w.name+" p50 ms", p50, "%-18s p50 %7.2f ms   p99 %7.2f ms", w.name, p50, p99)
	y.Figures[w.name+" p99 ms"] = p99
	if promised {
		y.Verdicts = append(y.Verdicts, atMost(w.name+" p50 in ms", p50, 3), atMost(w.name+" p99 in ms", p99, 15))
	}
}

// terminal is the view that a client has of one session.
type terminal struct {
	press func(text string) error
	// read blocks until there is news, and returns the text that is shown now or
	// was shown, without line ends.
	read  func() (string, error)
	close func()
}

// echoProgram is the program of the sessions.
var echoProgram = []string{"sh", "-c", "stty raw -echo; printf ready; exec cat"}

// measureEchoes types keys into sessions that echo them. The keys of one transport
// come at random times within spread, which is as long as the interval of a poller,
// so that they are not in step with anything.
func measureEchoes(ctx context.Context, transports []*transport, keys int, spread time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	for _, w := range transports {
		if err := w.begin(ctx); err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		defer w.close()
	}
	for i := range keys {
		for _, w := range transports {
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

// begin opens the terminal, on a new session if the transport has a server, and
// waits for the program.
func (w *transport) begin(ctx context.Context) error {
	id := ""
	if w.t != nil {
		c, err := dial(ctx, w.t.addr)
		if err != nil {
			return err
		}
		defer c.close()
		if id, err = w.t.create(c, echoProgram); err != nil {
			return err
		}
		w.t.sessions = append(w.t.sessions, session{id: id}) // clear deletes it with the rest
	}
	var err error
	if w.terminal, err = w.open(ctx, w.t, id); err != nil {
		return err
	}
	if err = w.await("ready"); err != nil {
		w.close()
	}
	return err
}

// await reads until the text is shown.
func (w *terminal) await(text string) error {
	for {
		shown, err := w.read()
		if err != nil {
			return err
		}
		if strings.Contains(shown, text) {
			return nil
		}
	}
}

// newTypist returns a function that types over a connection of its own, and one that
// closes the connection.
func newTypist(ctx context.Context, t *target, id string) (func(string) error, func(), error) {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return nil, nil, err
	}
	return func(text string) error {
		_, err := c.do(t.request("POST", "/api/session/"+id+"/send-keys/", `{"keys":"`+text+`","enter":false}`), 204)
		return err
	}, c.close, nil
}

func openSocket(ctx context.Context, t *target, id string) (*terminal, error) {
	conn, _, err := websocket.Dial(ctx, "ws://"+t.addr+"/api/sessions/"+id+"/attach", &websocket.DialOptions{
		Subprotocols: []string{"interplexer.v1"}, HTTPHeader: http.Header{"Authorization": {"Bearer " + t.token}},
	})
	if err != nil {
		return nil, err
	}
	conn.SetReadLimit(1 << 20)
	var shown []byte
	return &terminal{
		press: func(text string) error { return conn.Write(ctx, websocket.MessageBinary, []byte(text)) },
		read: func() (string, error) {
			kind, data, err := conn.Read(ctx)
			if kind == websocket.MessageBinary {
				shown = append(shown, data...)
			}
			return string(shown[max(0, len(shown)-4096):]), err
		},
		close: func() { _ = conn.CloseNow() },
	}, nil
}

func openEvents(ctx context.Context, t *target, id string) (*terminal, error) {
	press, done, err := newTypist(ctx, t, id)
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
	return &terminal{
		press: press,
		read: func() (string, error) {
			line, err := lines.ReadString('\n')
			return strings.ReplaceAll(line, `\n`, ""), err
		},
		close: func() {
			response.Body.Close()
			done()
		},
	}, nil
}

func openLongPoll(ctx context.Context, t *target, id string) (*terminal, error) {
	return openCaptures(ctx, t, id, func(c *client) ([]byte, error) {
		return c.do(t.conditionalRequest(capturePath(id)+"?wait=60", c.etag), 200)
	})
}

// openPolling requests the screen at fixed intervals.
func openPolling(every time.Duration) func(context.Context, *target, string) (*terminal, error) {
	return func(ctx context.Context, t *target, id string) (*terminal, error) {
		ticker := time.NewTicker(every)
		request := t.request("POST", "/api/session/"+id+"/capture-pane/", "")
		w, err := openCaptures(ctx, t, id, func(c *client) ([]byte, error) {
			select {
			case <-ticker.C:
			case <-ctx.Done():
				return nil, errors.New("bench: no echo in time")
			}
			return c.do(request, 200)
		})
		if err != nil {
			return nil, err
		}
		press := w.press
		w.press = func(text string) error {
			select {
			case <-ticker.C: // from before the key
			default:
			}
			return press(text)
		}
		return w, nil
	}
}

// openCaptures types over one connection, and requests captures over another.
func openCaptures(ctx context.Context, t *target, id string, capture func(*client) ([]byte, error)) (*terminal, error) {
	press, done, err := newTypist(ctx, t, id)
	if err != nil {
		return nil, err
	}
	c, err := dial(ctx, t.addr)
	if err != nil {
		done()
		return nil, err
	}
	return &terminal{
		press: press,
		read: func() (string, error) {
			body, err := capture(c)
			return strings.ReplaceAll(string(body), "\n", ""), err
		},
		close: func() {
			c.close()
			done()
		},
	}, nil
}

// openTerminal runs the program on a pty of its own, with nothing between.
func openTerminal(ctx context.Context, _ *target, _ string) (*terminal, error) {
	program := exec.CommandContext(ctx, echoProgram[0], echoProgram[1:]...)
	tty, err := pty.Start(program)
	if err != nil {
		return nil, err
	}
	var shown []byte
	buf := make([]byte, 4096)
	return &terminal{
		press: func(text string) error {
			_, err := tty.WriteString(text)
			return err
		},
		read: func() (string, error) {
			n, err := tty.Read(buf)
			shown = append(shown, buf[:n]...)
			return string(shown[max(0, len(shown)-4096):]), err
		},
		close: func() {
			_ = program.Process.Kill() // fails when it has ended
			_ = program.Wait()
			tty.Close()
		},
	}, nil
}
