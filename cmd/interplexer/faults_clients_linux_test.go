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

// trialClients use the service while a fault lasts. Each makes one request, or two,
// and returns the response: a status, the kind of a problem and, of not-ready, the
// state of tmux.
var trialClients = map[string]func(*trial, context.Context) (string, error){
	"poll": func(c *trial, ctx context.Context) (string, error) {
		return c.request(ctx, "GET", c.session.path("")+"capture-pane", "", nil)
	},
	"wait": func(c *trial, ctx context.Context) (string, error) {
		var etag string
		response, err := c.request(ctx, "GET", c.session.path("")+"capture-pane", "", func(h http.Header) { etag = h.Get("Etag") })
		if err != nil || etag == "" {
			return response, err
		}
		return c.longPoll(ctx, etag)
	},
	"listen": (*trial).listen,
	"get": func(c *trial, ctx context.Context) (string, error) {
		return c.request(ctx, "GET", c.session.path(""), "", nil)
	},
	"type": func(c *trial, ctx context.Context) (string, error) {
		return c.request(ctx, "POST", c.session.path("send-keys"), `{"text":"x"}`, nil)
	},
	// Input that is long and has NULs goes through a file and a tmux buffer.
	"paste": func(c *trial, ctx context.Context) (string, error) {
		return c.request(ctx, "POST", c.session.path("send-keys"), `{"hex":"`+strings.Repeat("00", 8<<10)+`"}`, nil)
	},
	"create": func(c *trial, ctx context.Context) (string, error) {
		var path string
		response, err := c.request(ctx, "POST", "/api/sessions", `{"command":["cat"]}`, func(h http.Header) { path = h.Get("Location") })
		if err != nil || path == "" {
			return response, err
		}
		return c.request(ctx, "DELETE", path, "", nil)
	},
	"ready": func(c *trial, ctx context.Context) (string, error) {
		return c.request(ctx, "GET", "/readyz", "", nil)
	},
	"state": (*trial).state,
}

// startClients starts all clients. stop waits for their last responses.
func (c *trial) startClients() (stop func()) {
	ctx, cancel := context.WithCancel(c.t.Context())
	var clients sync.WaitGroup
	for name, request := range trialClients {
		clients.Go(func() {
			pace := time.NewTicker(2 * tick)
			defer pace.Stop()
			for ctx.Err() == nil {
				began := time.Now()
				response, err := request(c, c.t.Context())
				c.note(name, response, err, time.Since(began))
				select {
				case <-pace.C:
				case <-ctx.Done():
				}
			}
		})
	}
	return func() { cancel(); clients.Wait() }
}

// note counts a response and compares it with the fault's effect.
func (c *trial) note(name, response string, err error, took time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	good := err == nil && (strings.HasPrefix(response, "2") || strings.HasPrefix(response, "304"))
	allowed := good || err == nil && c.Effect.Allows(response) || err != nil && c.Effect.Severs
	if !allowed && err != nil {
		c.undocumented[name+": "+err.Error()]++
	} else if !allowed {
		c.undocumented[name+": "+response]++
	}
	if err != nil {
		response = "broken"
	}
	if c.seen[name] == nil {
		c.seen[name] = map[string]int{}
	}
	c.seen[name][response]++
	c.slowest = max(c.slowest, took)
	if (name == "ready" && !good || name == "state" && strings.HasPrefix(response, "2") && response != stateConnected) && c.noticed.IsZero() {
		c.noticed = time.Now()
	}
}

// failures lists the responses besides success, by client.
func (c *trial) failures() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(c.seen)) {
		var kinds []string
		for _, response := range slices.Sorted(maps.Keys(c.seen[name])) {
			if !strings.HasPrefix(response, "2") && !strings.HasPrefix(response, "304") {
				kinds = append(kinds, fmt.Sprintf("%s ×%d", response, c.seen[name][response]))
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

// allResponded reports whether each client has got a response.
func (c *trial) allResponded() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.seen) == len(trialClients)
}

// saw reports whether a client has got a response.
func (c *trial) saw(name, response string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.seen[name][response] > 0
}

// request makes a request and returns the response, whose header read gets.
func (c *trial) request(ctx context.Context, method, path, body string, read func(http.Header)) (string, error) {
	return c.requestWith(ctx, method, path, body, nil, read)
}

// longPoll waits a second for another screen than the one of an ETag.
func (c *trial) longPoll(ctx context.Context, etag string) (string, error) {
	return c.requestWith(ctx, "GET", c.session.path("")+"capture-pane"+"?wait=1", "", http.Header{"If-None-Match": {etag}}, nil)
}

// requestWith is request with more headers.
func (c *trial) requestWith(ctx context.Context, method, path, body string, header http.Header, read func(http.Header)) (string, error) {
	res, err := c.send(ctx, method, path, body, header)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if read != nil {
		read(res.Header)
	}
	return readResponse(res)
}

// readResponse reads a response to its end.
func readResponse(res *http.Response) (string, error) {
	status := res.Status[:3]
	text, err := io.ReadAll(res.Body)
	if err != nil || res.StatusCode < 400 {
		return status, err
	}
	var p struct {
		Type string `json:"type"`
		Tmux string `json:"tmux"`
	}
	err = json.Unmarshal(text, &p)
	return strings.TrimSpace(status + " " + strings.TrimPrefix(p.Type, "urn:interplexer:problem:") + " " + p.Tmux), err
}

func (c *trial) send(ctx context.Context, method, path, body string, header http.Header) (*http.Response, error) {
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
	res, err := c.send(timed, "GET", c.session.path("")+"events", "", nil)
	if timed.Err() != nil {
		return "200", nil // a stream may be silent for a second
	}
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return readResponse(res)
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

var stateLine = regexp.MustCompile(`interplexer_tmux_state\{state="(\w+)"\} 1\n`)

// state returns the state of tmux in the metrics.
func (c *trial) state(ctx context.Context) (string, error) {
	res, err := c.send(ctx, "GET", "/metrics", "", nil)
	if err != nil {
		return "", err
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		return readResponse(res)
	}
	text, err := io.ReadAll(res.Body)
	if err != nil {
		return "", err
	}
	state := stateLine.FindSubmatch(text)
	if state == nil { // the state changed while the metrics were collected
		return "200 changing", nil
	}
	return "200 " + string(state[1]), nil
}
