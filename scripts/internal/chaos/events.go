package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const longestListen = 3 * time.Second

// listen reads a stream of events, and resumes it when it breaks. Some clients read
// nothing at all.
func (a *client) listen(ctx context.Context, s *session, one choice) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(one.seed%uint64(longestListen)))
	defer cancel()
	variant := one.seed >> 32 % 8
	stream := &stream{client: a, session: s, path: fmt.Sprintf("/api/sessions/%d/events", s.id)}
	if variant == 0 {
		stream.path, stream.session = "/api/events", nil
	}
	for ctx.Err() == nil && !stream.ended {
		stream.read(ctx, variant == 1)
	}
}

// stream is a stream of events, as one client sees it.
type stream struct {
	*client
	session *session // nil: the list
	path    string
	last    string // the id of the last event
	place   place  // of the next output
	ended   bool
}

// place is a place in the output of a pane: the pane and the epoch, and the offset.
type place struct {
	where string
	next  uint64
}

func (t *stream) read(ctx context.Context, stalled bool) {
	req, err := http.NewRequestWithContext(ctx, "GET", t.testbed.url()+t.path, nil)
	if err != nil {
		return
	}
	req.Header.Set("Authorization", "Bearer "+t.user.token)
	if t.last != "" {
		req.Header.Set("Last-Event-ID", t.last)
	}
	res, err := t.user.http.Do(req)
	if err != nil {
		t.stats.count("GET events", "no response")
		sleep(ctx, 20*time.Millisecond)
		return
	}
	defer res.Body.Close()
	k := call{what: "GET events", method: "GET", path: t.path}
	if res.StatusCode != 200 {
		t.refused(ctx, k, res)
		return
	}
	t.stats.count(k.what, "200")
	if stalled {
		<-ctx.Done()
		return
	}
	t.events(res.Body)
}

func (t *stream) refused(ctx context.Context, k call, res *http.Response) {
	body, _ := io.ReadAll(res.Body) // fails when ctx is done
	r := reply{status: res.StatusCode, body: string(body)}
	if ctx.Err() != nil {
		return
	}
	r.problem = t.problemOf(k, res, body)
	t.stats.count(k.what, fmt.Sprint(r.status, " ", r.problem))
	t.checkReply(t.user, k, r)
	if t.session != nil {
		t.checkProblem(t.session, k, r)
	}
	t.ended = !transient[r.problem]
	sleep(ctx, 20*time.Millisecond)
}

// events reads the events until the stream ends.
func (t *stream) events(body io.Reader) {
	lines := bufio.NewReader(body)
	var id, kind string
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSuffix(line, "\n")
		if name, value, ok := strings.Cut(line, ": "); ok {
			switch name {
			case "id":
				id = value
			case "event":
				kind = value
			case "data":
				t.event(kind, id, value)
			}
		} else if line == "" {
			if id != "" {
				t.last = id
			}
			id, kind = "", ""
		}
	}
}

func (t *stream) event(kind, id, data string) {
	t.stats.count("event", kind)
	if t.session == nil {
		if m := foreignMark(data, t.user.marks()); m != "" {
			t.model.violation("the events of %s show %s", t.user.name, m)
		}
		return
	}
	var e struct {
		Text   string
		Pane   string
		Offset uint64
		Data   []byte
	}
	if err := json.Unmarshal([]byte(data), &e); err != nil {
		t.model.violation("event %s of %s: %v: %.200q", kind, t.session.mark, err, data)
		return
	}
	switch kind {
	case "screen":
		t.checkShown(t.session, "event", e.Text)
	case "output":
		t.output(id, e.Offset, e.Data)
	case "resync":
		t.place = place{}
	case "exit":
		t.ended = true
		if wrong := t.model.checkEnd(t.session, "gone"); wrong != "" {
			t.model.violation("event: %s (%s)", wrong, data)
		}
	}
}

// output checks that the output has no gap and no duplicate, also after a broken
// connection, except after a resync.
func (t *stream) output(id string, offset uint64, data []byte) {
	if m := foreignMark(string(data), t.session.mark); m != "" {
		t.model.violation("output of %s has %s", t.session.mark, m)
	}
	parts := strings.Split(id, ".")
	if len(parts) != 4 {
		t.model.violation("output of %s has the id %q", t.session.mark, id)
		return
	}
	here := place{where: parts[0] + "." + parts[1]}
	here.next, _ = strconv.ParseUint(parts[2], 10, 64)
	if t.place.where == here.where && t.place.next != offset || here.next != offset+uint64(len(data)) {
		t.model.violation("output of %s goes on at %d with %d bytes, id %s, after %d", t.session.mark, offset, len(data), id, t.place.next)
	}
	if t.place.where != "" && t.place.where != here.where {
		t.model.violation("output of %s goes on in %s after %s without a resync", t.session.mark, here.where, t.place.where)
	}
	t.place = here
}
