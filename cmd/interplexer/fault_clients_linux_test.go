package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// watchers are the clients that use the service while a fault happens. Each asks
// once and gives what it was told: a status, and the kind of problem.
var watchers = map[string]func(*trial, context.Context) (string, error){
	"poll": func(c *trial, ctx context.Context) (string, error) {
		return c.told(ctx, "GET", c.session.path("")+"capture-pane", "", nil)
	},
	"wait": func(c *trial, ctx context.Context) (string, error) {
		var etag string
		told, err := c.told(ctx, "GET", c.session.path("")+"capture-pane", "", func(h http.Header) { etag = h.Get("Etag") })
		if err != nil || etag == "" {
			return told, err
		}
		return c.toldSince(ctx, etag)
	},
	"listen": (*trial).listen,
	"get": func(c *trial, ctx context.Context) (string, error) {
		return c.told(ctx, "GET", c.session.path(""), "", nil)
	},
	"type": func(c *trial, ctx context.Context) (string, error) {
		return c.told(ctx, "POST", c.session.path("send-keys"), `{"text":"x"}`, nil)
	},
	// So long and with a NUL, it goes through a file and a buffer.
	"paste": func(c *trial, ctx context.Context) (string, error) {
		return c.told(ctx, "POST", c.session.path("send-keys"), `{"hex":"`+strings.Repeat("00", 8<<10)+`"}`, nil)
	},
	"create": func(c *trial, ctx context.Context) (string, error) {
		var path string
		told, err := c.told(ctx, "POST", "/api/sessions", `{"command":["cat"]}`, func(h http.Header) { path = h.Get("Location") })
		if err != nil || path == "" {
			return told, err
		}
		return c.told(ctx, "DELETE", path, "", nil)
	},
	"ready": func(c *trial, ctx context.Context) (string, error) {
		return c.told(ctx, "GET", "/readyz", "", nil)
	},
	"state": (*trial).state,
}

// may are the documented answers to a client whom a fault concerns.
var may = []string{
	"503 unavailable", "503 unknown-outcome", "503 overloaded", "503 no-resources", "503 not-reading", "504 timeout",
	"503 not-ready connected", "503 not-ready degraded", "503 not-ready down",
}

// mayEnded are those besides when the session ends.
var mayEnded = []string{"409 ended", "410 gone", "409 pane-dead", "404 not-found"}

// watch lets the clients ask until stop is called, which waits for their last
// answers.
func (c *trial) watch() (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var clients sync.WaitGroup
	for name, ask := range watchers {
		clients.Go(func() {
			pace := time.NewTicker(2 * tick)
			defer pace.Stop()
			for ctx.Err() == nil {
				began := time.Now()
				told, err := ask(c, c.t.Context())
				c.note(name, told, err, time.Since(began))
				select {
				case <-pace.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return func() { cancel(); clients.Wait() }
}

// note writes down an answer and judges it.
func (c *trial) note(name, told string, err error, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	good := err == nil && (strings.HasPrefix(told, "2") || strings.HasPrefix(told, "304"))
	allowed := good || err == nil && !c.spares && slices.Contains(may, told) ||
		err == nil && c.fate != "" && slices.Contains(mayEnded, told) || err != nil && c.severed
	switch {
	case !allowed && err != nil:
		told = "broken"
		c.strange[name+": "+err.Error()]++
	case !allowed:
		c.strange[name+": "+told]++
	case err != nil:
		told = "broken"
	}
	if c.seen[name] == nil {
		c.seen[name] = map[string]int{}
	}
	c.seen[name][told]++
	c.slowest = max(c.slowest, took)
	if (name == "ready" && !good || name == "state" && strings.HasPrefix(told, "2") && told != stateConnected) && c.broken.IsZero() {
		c.broken = time.Now()
	}
}

// answers sums up what was not a success.
func (c *trial) answers() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.seen)) {
		var kinds []string
		for _, told := range slices.Sorted(maps.Keys(c.seen[name])) {
			if !strings.HasPrefix(told, "2") && !strings.HasPrefix(told, "304") {
				kinds = append(kinds, fmt.Sprintf("%s ×%d", told, c.seen[name][told]))
			}
		}
		if kinds != nil {
			parts = append(parts, name+": "+strings.Join(kinds, ", "))
		}
	}
	if parts == nil {
		return "nothing"
	}
	return strings.Join(parts, "; ")
}

// allAnswered: each of the clients has been told something.
func (c *trial) allAnswered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen) == len(watchers)
}

// saw reports whether a client was told that.
func (c *trial) saw(name, told string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[name][told] > 0
}

// told calls and gives the status, with the kind of problem if it is one.
func (c *trial) told(ctx context.Context, method, path, body string, with func(http.Header)) (string, error) {
	return c.toldBy(ctx, method, path, body, nil, with)
}

// toldSince waits a second for another screen than the one of an ETag.
func (c *trial) toldSince(ctx context.Context, etag string) (string, error) {
	return c.toldBy(ctx, "GET", c.session.path("")+"capture-pane"+"?wait=1", "", http.Header{"If-None-Match": {etag}}, nil)
}

func (c *trial) toldBy(ctx context.Context, method, path, body string, header http.Header, with func(http.Header)) (string, error) {
	res, err := c.ask(ctx, method, path, body, header)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if with != nil {
		with(res.Header)
	}
	return verdict(res)
}

// verdict reads an answer to its end.
func verdict(res *http.Response) (string, error) {
	told := res.Status[:3]
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode < 400 {
		return told, err
	}
	var p struct {
		Type string `json:"type"`
		Tmux string `json:"tmux"`
	}
	err = json.Unmarshal(text, &p)
	return strings.TrimSpace(told + " " + strings.TrimPrefix(p.Type, "urn:interplexer:problem:") + " " + p.Tmux), err
}

func (c *trial) ask(ctx context.Context, method, path, body string, header http.Header) (*http.Response, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.at+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	maps.Copy(req.Header, header)
	req.Header.Set("Authorization", "Bearer "+c.token)
	if body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	return c.client.Do(req)
}

// listen reads twenty events of a stream, or to its end, or for a second.
func (c *trial) listen(ctx context.Context) (string, error) {
	timed, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	res, err := c.ask(timed, "GET", c.session.path("")+"events", "", nil)
	if timed.Err() != nil {
		return "200", nil // said nothing for a second, as a stream may
	}
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return verdict(res)
	}
	lines, events := bufio.NewScanner(res.Body), 0
	lines.Buffer(nil, 1<<20)
	for events < 20 && lines.Scan() {
		if strings.HasPrefix(lines.Text(), "event: ") {
			events++
		}
	}
	if err := lines.Err(); err != nil && timed.Err() == nil {
		return "", err
	}
	return "200", nil
}

const stateConnected = "200 connected"

var theState = regexp.MustCompile(`interplexer_tmux_state\{state="(\w+)"\} 1\n`)

// state is what the metrics say of tmux.
func (c *trial) state(ctx context.Context) (string, error) {
	res, err := c.ask(ctx, "GET", "/metrics", "", nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return verdict(res)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	state := theState.FindSubmatch(text)
	if state == nil { // it changed while they were gathered
		return "200 changing", nil
	}
	return "200 " + string(state[1]), nil
}
