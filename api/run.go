package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

const (
	defaultRunTime   = 30 * time.Second
	defaultRunOutput = 1 << 20
)

// ranJSON is what a command has written.
type ranJSON struct {
	Output    string `json:"output"`
	Encoding  string `json:"encoding,omitempty"` // "base64"; else it is text
	Truncated bool   `json:"truncated"`
	Duration  int64  `json:"duration_ms"`
	Run       string `json:"run"`
}

type runJSON struct {
	ranJSON
	ExitCode   *int `json:"exit_code"`
	ShellEnded bool `json:"shell_ended"`
}

func newRanJSON(res session.RunResult) ranJSON {
	out := ranJSON{Truncated: res.Truncated, Duration: res.Duration.Milliseconds(), Run: res.ID}
	text := res.Output
	if res.Truncated {
		text = wholeCharacters(text)
	}
	if utf8.Valid(text) {
		out.Output = string(text)
	} else {
		out.Output, out.Encoding = base64.StdEncoding.EncodeToString(res.Output), "base64"
	}
	return out
}

// wholeCharacters leaves out the part of a character at the end.
func wholeCharacters(text []byte) []byte {
	for i := len(text) - 1; i >= max(0, len(text)-utf8.UTFMax); i-- {
		if utf8.RuneStart(text[i]) {
			if !utf8.FullRune(text[i:]) {
				return text[:i]
			}
			break
		}
	}
	return text
}

func (s *Server) runCommand(_ context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	o, err := runOptions(body)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Registry.RunCommand(ctx, p, id, o)
	return answerRun(ctx, c, res, err)
}

func (s *Server) awaitRun(_ context.Context, c *gin.Context, p session.Principal) error {
	id, err := sessionID(c)
	if err != nil {
		return err
	}
	var fields []session.FieldError
	run, timeout := c.Query("run"), defaultRunTime
	if text, given := c.GetQuery("timeout"); given {
		var ok bool
		if timeout, ok = parseWait(text); !ok {
			fields = append(fields, session.FieldError{Field: "timeout", Detail: "must be seconds from 0 to 60, such as 2.5"})
		}
	}
	if err := invalid(fields); err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Registry.AwaitRun(ctx, p, id, run, timeout)
	return answerRun(ctx, c, res, err)
}

func runOptions(body *object) (session.RunOptions, error) {
	o := session.RunOptions{Pane: takePane(body)}
	if command := body.text("command"); command != nil {
		o.Command = *command
	}
	o.Timeout, o.MaxOutput = takeRunBounds(body)
	return o, body.done()
}

// takeRunBounds takes how long a command is waited for, and how much of its
// output is kept.
func takeRunBounds(body *object) (timeout time.Duration, most int) {
	timeout, most = defaultRunTime, defaultRunOutput
	if raw := body.take("timeout"); raw != nil {
		var seconds float64
		if json.Unmarshal(raw, &seconds) != nil || seconds <= 0 || seconds > session.MaxRunTime.Seconds() {
			body.fail("timeout", "must be a number of seconds, more than 0 and at most 60")
		} else {
			timeout = time.Duration(math.Ceil(seconds * float64(time.Second)))
		}
	}
	if raw := body.take("max_output"); raw != nil {
		n, err := strconv.Atoi(string(raw))
		if err != nil || n < 0 || n > session.MaxRunOutput {
			body.fail("max_output", "must be a whole number of bytes, at most 16777216")
		} else {
			most = n
		}
	}
	return timeout, most
}

// answerRun answers with what became of a run.
func answerRun(ctx context.Context, c *gin.Context, res session.RunResult, err error) error {
	switch {
	case err == nil:
		return writeJSON(c, 200, runJSON{newRanJSON(res), res.ExitCode, res.ShellEnded})
	case errors.Is(err, session.ErrRunTimeout):
		var late *session.RunTimeoutError
		errors.As(err, &late)
		return &runTimeoutError{seen: newRanJSON(late.Seen), next: runPath(late.Seen.Session, late.Seen.ID)}
	case errors.Is(err, session.ErrRunning):
		var other *session.RunningError
		errors.As(err, &other)
		return &runBusyError{cause: err, next: runPath(other.Session, other.Run)}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return err
}

// runPath is where a run can be waited for.
func runPath(id int64, run string) string {
	return "/api/sessions/" + strconv.FormatInt(id, 10) + "/run?run=" + run
}

// runTimeoutError: the run is not over.
type runTimeoutError struct {
	seen ranJSON
	next string
}

func (e *runTimeoutError) Error() string { return session.ErrRunTimeout.Error() }
func (e *runTimeoutError) Unwrap() error { return session.ErrRunTimeout }

// runBusyError: the pane has another run.
type runBusyError struct {
	cause error
	next  string
}

func (e *runBusyError) Error() string { return e.cause.Error() }
func (e *runBusyError) Unwrap() error { return e.cause }
