package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

type waitedJSON struct {
	Condition string     `json:"condition"`
	Pane      string     `json:"pane,omitempty"` // absent if the session had ended before
	Match     *matchJSON `json:"match,omitempty"`
	Exit      string     `json:"exit,omitempty"`
	ExitCode  *int       `json:"exit_code,omitempty"`
	Screen    string     `json:"screen"`
}

type matchJSON struct {
	Text   string    `json:"text"`
	Groups []*string `json:"groups"`
	Line   string    `json:"line"`
	Number int       `json:"number"`
}

// wait holds the request until a condition holds.
func (s *Server) wait(_ context.Context, c *gin.Context, p session.Principal, at target, o session.WaitOptions) error {
	ctx, release := s.hold(c)
	defer release()
	got, err := s.options.Waits.Wait(ctx, p, at.session, o)
	var ended *session.WaitEndedError
	switch {
	case errors.As(err, &ended):
		return &goneError{status: ended.How}
	case err != nil:
		return viewError(ctx, err)
	}
	return writeJSON(c, http.StatusOK, newWaitedJSON(got))
}

func newWaitedJSON(got session.Waited) waitedJSON {
	j := waitedJSON{Condition: got.Condition, Pane: got.Pane, Exit: got.Exit, Screen: got.Screen}
	if got.Ended != nil {
		j.ExitCode = &got.Ended.Code
	}
	if m := got.Match; m != nil {
		j.Match = &matchJSON{Text: m.Text, Groups: append([]*string{}, m.Groups...), Line: m.Line, Number: m.Number}
	}
	return j
}

func waitOptions(body *object) (session.WaitOptions, error) {
	o := session.WaitOptions{Pane: takePane(body), Timeout: 30 * time.Second}
	if text := body.text("text"); text != nil {
		if o.Text = *text; o.Text == "" {
			body.fail("text", "is empty")
		}
	}
	quiet := body.integer("quiet_ms")
	if o.Quiet = time.Duration(quiet) * time.Millisecond; quiet > int(maxWait/time.Millisecond) {
		body.fail("quiet_ms", "must be from 1 to 60000")
	}
	o.Exit, _ = body.boolean("exit")
	takeTimeout(body, &o.Timeout)
	send, err := takeSend(body)
	if err != nil {
		return o, err
	}
	o.Send = send
	return o, body.done()
}

// takeTimeout reads seconds; into keeps its value if there are none.
func takeTimeout(body *object, into *time.Duration) {
	raw := body.take("timeout")
	if raw == nil {
		return
	}
	seconds, err := strconv.ParseFloat(string(raw), 64)
	if err != nil || seconds < 0 || seconds > maxWait.Seconds() {
		body.fail("timeout", badSeconds)
		return
	}
	*into = time.Duration(seconds * float64(time.Second))
}

// takeSend reads "send", an object like the body of send-keys.
func takeSend(body *object) (*session.Input, error) {
	raw := body.take("send")
	if raw == nil {
		return nil, nil
	}
	if kindOf(raw) != '{' {
		body.fail("send", "must be an object, as send-keys takes")
		return nil, nil
	}
	inner, err := parseObject(raw)
	if err != nil {
		return nil, err
	}
	in, err := inputOptions(inner)
	if bad := (*session.InvalidError)(nil); errors.As(err, &bad) {
		for _, f := range bad.Fields {
			body.fail("send."+f.Field, f.Detail)
		}
		return nil, nil
	}
	return &in, err
}
