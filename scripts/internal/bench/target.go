package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// Size of every session's screen.
const (
	screenWidth  = 80
	screenHeight = 24
)

// target is a server under test. All of them have the origin's endpoints.
type target struct {
	name  string
	addr  string
	token string // "" when it asks for none
	seats []seat
}

// seat is one client's own session, so that no sharing between clients
// flatters a target.
type seat struct {
	id     string
	screen []byte // what a capture of it must be, to the byte
}

func (t *target) request(method, path, body string) []byte {
	return newRequest(method, path, t.addr, t.token, body, "")
}

// furnish makes n sessions whose screens are full of text and whose programs
// swallow keys, and waits until each shows its own.
func (t *target) furnish(ctx context.Context, n int) error {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for i := range n {
		text := screenText(i)
		id, err := t.create(c, screenCommand(text))
		if err != nil {
			return err
		}
		t.seats = append(t.seats, seat{id: id, screen: []byte(text + "\n")})
	}
	for _, s := range t.seats {
		if err := t.awaitScreen(ctx, c, s); err != nil {
			return err
		}
	}
	return nil
}

// create makes one session and returns its id.
func (t *target) create(c *client, command []string) (string, error) {
	body, err := c.do(t.createRequest(command), 201)
	if err != nil {
		return "", err
	}
	return idOf(body)
}

func (t *target) createRequest(command []string) []byte {
	body, err := json.Marshal(map[string]any{"command": command, "width": screenWidth, "height": screenHeight})
	if err != nil {
		panic(err) // strings and numbers
	}
	return t.request("POST", "/api/sessions/", string(body))
}

// clear ends the sessions: on Postgres their rows outlive the target.
func (t *target) clear(ctx context.Context) error {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, s := range t.seats {
		if _, err := c.do(t.request("DELETE", "/api/sessions/"+s.id+"/", ""), 204); err != nil {
			return err
		}
	}
	return nil
}

func (t *target) awaitScreen(ctx context.Context, c *client, s seat) error {
	capture := captureStep(t, s)
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := capture(c)
		if !errors.Is(err, errWrongBody) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("bench: a session's screen does not fill: %w", err)
		}
	}
}

// screenText fills a screen, differently for each seat.
func screenText(seat int) string {
	lines := make([]string, screenHeight)
	for i := range lines {
		line := fmt.Sprintf("%02d seat-%03d drwxr-xr-x %2d build staff %5d Nov 24 09:%02d notes-%d.txt ",
			i, seat, i*7%13, i*7919%99991, i*17%60, i*31%97)
		lines[i] = line + strings.Repeat(".", screenWidth-1-len(line))
	}
	return strings.Join(lines, "\n")
}

// screenCommand shows a text and then swallows keys. The terminal does not wait
// for whole lines: else keys without an Enter would fill its queue, and each
// one past that would ring the bell.
func screenCommand(text string) []string {
	return []string{"sh", "-c", `stty -echo -icanon; printf %s "$1"; exec cat >/dev/null`, "sh", text}
}

// idOf finds the id in a created session's JSON.
func idOf(body []byte) (string, error) {
	_, rest, ok := bytes.Cut(body, []byte(`"id":`))
	n := 0
	for n < len(rest) && rest[n] >= '0' && rest[n] <= '9' {
		n++
	}
	if _, err := strconv.ParseInt(string(rest[:n]), 10, 64); !ok || err != nil {
		return "", fmt.Errorf("%w: no id in %.300q", errWrongBody, body)
	}
	return string(rest[:n]), nil
}

// operation is one thing that a client does again and again with its seat.
type operation struct {
	name string
	step func(*target, seat) step
	// slow operations get so many times the time of others: at 64 clients the
	// spawner takes most of a second for a create+delete.
	slow time.Duration
}

const (
	opCapture = "capture"
	opSend    = "send-keys"
	opList    = "list"
	opCreate  = "create+delete"
)

var operations = []operation{
	{opCapture, captureStep, 1},
	{opSend, sendStep, 1},
	{opList, listStep, 1},
	{opCreate, createStep, 2},
}

// errWrongBody: the status was right and the content was not.
var errWrongBody = errors.New("bench: wrong body")

// captureStep expects the seat's own screen, to the byte.
func captureStep(t *target, s seat) step {
	request := t.request("POST", "/api/session/"+s.id+"/capture-pane/", "")
	return func(c *client) error {
		body, err := c.do(request, 200)
		if err == nil && !bytes.Equal(body, s.screen) {
			err = fmt.Errorf("%w: capture of %s: %.300q", errWrongBody, s.id, body)
		}
		return err
	}
}

func sendStep(t *target, s seat) step {
	request := t.request("POST", "/api/session/"+s.id+"/send-keys/", `{"keys":"x","enter":false}`)
	return func(c *client) error {
		_, err := c.do(request, 204)
		return err
	}
}

// listStep expects as many sessions as there are, the seat's among them.
func listStep(t *target, s seat) step {
	request := t.request("GET", "/api/sessions/", "")
	name, own := []byte(`"name":"`), []byte(`"name":"session-`+s.id+`"`)
	return func(c *client) error {
		body, err := c.do(request, 200)
		if err == nil && (bytes.Count(body, name) != len(t.seats) || !bytes.Contains(body, own)) {
			err = fmt.Errorf("%w: list without session-%s or not of %d: %.300q", errWrongBody, s.id, len(t.seats), body)
		}
		return err
	}
}

// createStep makes a session and ends it.
func createStep(t *target, _ seat) step {
	create := t.createRequest([]string{"sleep", "1000"})
	return func(c *client) error {
		body, err := c.do(create, 201)
		if err != nil {
			return err
		}
		id, err := idOf(body)
		if err != nil {
			return err
		}
		_, err = c.do(t.request("DELETE", "/api/sessions/"+id+"/", ""), 204)
		return err
	}
}
