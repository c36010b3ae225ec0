package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"
)

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
