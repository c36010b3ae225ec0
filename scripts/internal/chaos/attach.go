package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/coder/websocket"
)

// attach is a terminal that reads the output and types. Some terminals read nothing.
func (a *client) attach(ctx context.Context, s *session, one choice) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(one.seed%uint64(longestListen)))
	defer cancel()
	url := "ws" + strings.TrimPrefix(a.testbed.url(), "http") + fmt.Sprintf("/api/sessions/%d/attach", s.id)
	conn, res, err := websocket.Dial(ctx, url, &websocket.DialOptions{
		HTTPClient:   a.user.http,
		HTTPHeader:   http.Header{"Authorization": {"Bearer " + a.user.token}},
		Subprotocols: []string{"interplexer.v1"},
	})
	if err != nil {
		a.refusedAttach(ctx, s, res)
		return
	}
	a.stats.count("GET attach", "101")
	defer conn.CloseNow()
	conn.SetReadLimit(4 << 20)
	if one.seed>>32%8 == 0 {
		<-ctx.Done()
		return
	}
	t := &terminal{client: a, session: s, conn: conn, pongs: make(chan int, 1)}
	go func() {
		defer close(t.pongs)
		t.read(ctx)
	}()
	for number := 1; t.typeOne(ctx, number, one.seed+uint64(number)); number++ {
		sleep(ctx, one.think)
	}
	cancel()
	for range t.pongs { // wait until read has returned
	}
}

// refusedAttach checks a refusal, of which the library does not return the whole body.
func (a *client) refusedAttach(ctx context.Context, s *session, res *http.Response) {
	if res == nil {
		a.stats.count("GET attach", "no response")
		sleep(ctx, 20*time.Millisecond)
		return
	}
	a.stats.count("GET attach", fmt.Sprint(res.StatusCode))
	switch res.StatusCode {
	case 404:
		a.checkProblem(s, call{what: "GET attach"}, reply{status: 404, problem: "not-found"})
	case 409, 410:
		a.checkProblem(s, call{what: "GET attach"}, reply{status: res.StatusCode, problem: "gone"})
	case 503, 504:
	default:
		a.model.violation("attach to %s: %d", s.mark, res.StatusCode)
	}
}

// terminal is a client that is attached to a session.
type terminal struct {
	*client
	session *session
	conn    *websocket.Conn
	pongs   chan int // the numbers of the pongs; 0: the service refused some input
}

// typeOne types a text, and waits for the pong after it. It returns false when the
// connection has ended.
func (t *terminal) typeOne(ctx context.Context, number int, seed uint64) bool {
	sent := t.model.typing(t.session, t.number, seed)
	t.model.locked(func() { sent.socket, sent.left = true, true })
	if t.conn.Write(ctx, websocket.MessageBinary, []byte(sent.raw())) != nil {
		return false
	}
	if t.conn.Write(ctx, websocket.MessageText, fmt.Appendf(nil, `{"type":"ping","id":%d}`, number)) != nil {
		return false
	}
	clean := true
	for pong := range t.pongs {
		switch pong {
		case number:
			t.model.locked(func() {
				if sent.left = false; clean {
					sent.outcome = done
				}
			})
			return true
		default:
			clean = false
		}
	}
	return false
}

// read reads the frames until the connection ends.
func (t *terminal) read(ctx context.Context) {
	tail := ""
	for {
		kind, data, err := t.conn.Read(ctx)
		if err != nil {
			return
		}
		if kind == websocket.MessageText {
			tail = ""
			t.handleText(ctx, data)
			continue
		}
		text := tail + string(data)
		if m := foreignMark(text, t.session.mark); m != "" {
			t.model.violation("the terminal of %s shows %s", t.session.mark, m)
		}
		tail = text[max(0, len(text)-len(t.session.mark)+1):]
	}
}

// handleText handles a text frame, which is JSON.
func (t *terminal) handleText(ctx context.Context, data []byte) {
	var frame struct {
		Type, Status, Detail string
		ID                   int
	}
	if err := json.Unmarshal(data, &frame); err != nil {
		t.model.violation("the terminal of %s got the frame %.200q", t.session.mark, data)
		return
	}
	t.stats.count("frame", frame.Type)
	switch frame.Type {
	case "pong":
		t.pass(ctx, frame.ID)
	case "error":
		t.pass(ctx, 0)
	case "exit":
		if wrong := t.model.checkEnd(t.session, "gone"); wrong != "" {
			t.model.violation("terminal: %s (%s)", wrong, frame.Status)
		}
	}
}

func (t *terminal) pass(ctx context.Context, pong int) {
	select {
	case t.pongs <- pong:
	case <-ctx.Done():
	}
}
