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

// target is a server under test. All targets have the first endpoints of the API.
type target struct {
	name     string
	addr     string
	token    string // "" if the server has no users
	sessions []session
}

// session is the session of one client. Each client has its own, so that no target
// gains by sharing work between clients.
type session struct {
	id     string
	screen []byte // that a capture must return, to the byte
}

func (t *target) request(method, path, body string) []byte {
	return newRequest(method, path, t.addr, t.token, body, "")
}

// conditionalRequest is a GET for another version than the one of an ETag, if that
// is known.
func (t *target) conditionalRequest(path string, etag []byte) []byte {
	condition := ""
	if len(etag) > 0 {
		condition = "If-None-Match: " + string(etag) + "\r\n"
	}
	return newRequest("GET", path, t.addr, t.token, "", condition)
}

// createSessions creates n sessions, whose screens are full of text and whose
// programs discard keys. It waits until each session shows its own text.
func (t *target) createSessions(ctx context.Context, n int) error {
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
		t.sessions = append(t.sessions, session{id: id, screen: []byte(text + "\n")})
	}
	for _, s := range t.sessions {
		if err := t.awaitScreen(ctx, c, s); err != nil {
			return err
		}
	}
	return nil
}

// create creates one session and returns its id.
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

// clear deletes the sessions, whose rows in Postgres would outlive the target.
func (t *target) clear(ctx context.Context) error {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return err
	}
	defer c.close()
	for _, s := range t.sessions {
		if _, err := c.do(t.request("DELETE", "/api/sessions/"+s.id+"/", ""), 204); err != nil {
			return err
		}
	}
	return nil
}

// awaitScreen waits until a session shows its text.
func (t *target) awaitScreen(ctx context.Context, c *client, s session) error {
	capture := captureStep(t, s)
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := capture(c)
		if !errors.Is(err, errWrongBody) {
			return err
		}
		select {
		case <-time.After(10 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("bench: the screen of a session does not fill: %w", err)
		}
	}
}

// screenText returns a text that fills a screen. Each session has its own.
func screenText(number int) string {
	lines := make([]string, screenHeight)
	for i := range lines {
		line := fmt.Sprintf("%02d user-%03d drwxr-xr-x %2d build staff %5d Nov 24 09:%02d notes-%d.txt ",
			i, number, i*7%13, i*7919%99991, i*17%60, i*31%97)
		lines[i] = line + strings.Repeat(".", screenWidth-1-len(line))
	}
	return strings.Join(lines, "\n")
}

// screenCommand returns a program that prints a text and then discards its input.
// The terminal does not wait for whole lines: else keys without an Enter would fill
// its queue, and each key after that would ring the bell.
func screenCommand(text string) []string {
	return []string{"sh", "-c", `stty -echo -icanon; printf %s "$1"; exec cat >/dev/null`, "sh", text}
}

// idOf finds the id in the JSON of a created session.
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

// operation is a call that a client makes again and again, with its session.
type operation struct {
	name string
	step func(*target, session) step
	// timeFactor multiplies the time of a measurement, for slow operations: at 64
	// clients the spawner takes most of a second for a create+delete.
	timeFactor time.Duration
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

// errWrongBody reports a response with the right status and wrong content.
var errWrongBody = errors.New("bench: wrong body")

// captureStep expects the screen of the session, to the byte.
func captureStep(t *target, s session) step {
	return s.expectScreen(t.request("POST", "/api/session/"+s.id+"/capture-pane/", ""))
}

// expectScreen makes a request whose response must be the screen of the session.
func (s session) expectScreen(request []byte) step {
	return func(c *client) error {
		body, err := c.do(request, 200)
		if err == nil && !bytes.Equal(body, s.screen) {
			err = fmt.Errorf("%w: capture of %s: %.300q", errWrongBody, s.id, body)
		}
		return err
	}
}

func sendStep(t *target, s session) step {
	request := t.request("POST", "/api/session/"+s.id+"/send-keys/", `{"keys":"x","enter":false}`)
	return func(c *client) error {
		_, err := c.do(request, 204)
		return err
	}
}

// listStep expects as many sessions as there are, among them this one.
func listStep(t *target, s session) step {
	request := t.request("GET", "/api/sessions/", "")
	name, own := []byte(`"name":"`), []byte(`"name":"session-`+s.id+`"`)
	return func(c *client) error {
		body, err := c.do(request, 200)
		if err == nil && (bytes.Count(body, name) != len(t.sessions) || !bytes.Contains(body, own)) {
			err = fmt.Errorf("%w: list without session-%s or not of %d: %.300q", errWrongBody, s.id, len(t.sessions), body)
		}
		return err
	}
}

// createStep creates a session and deletes it.
func createStep(t *target, _ session) step {
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
