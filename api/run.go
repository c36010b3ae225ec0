package api

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
	"net/http"
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

// ranJSON is the output of a command, so far or in the end.
type ranJSON struct {
	Output    string `json:"output"`
	Encoding  string `json:"encoding,omitempty"` // "base64", or "" for text
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

// wholeCharacters cuts off an incomplete UTF-8 character at the end.
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

func (s *Server) runCommand(_ context.Context, c *gin.Context, p session.Principal, at target, o session.RunOptions) error {
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Runs.RunCommand(ctx, p, at.session, o)
	return writeRun(ctx, c, res, err)
}

// awaitRun waits for a run that was started before.
func (s *Server) awaitRun(_ context.Context, c *gin.Context, p session.Principal, at target) error {
	run, timeout := c.Query("run"), defaultRunTime
	q := query{c: c}
	q.seconds("timeout", &timeout)
	if err := q.done(); err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Runs.AwaitRun(ctx, p, at.session, run, timeout)
	return writeRun(ctx, c, res, err)
}

// exec runs a command in a session of its own, which ends with it.
func (s *Server) exec(_ context.Context, c *gin.Context, p session.Principal) error {
	o, err := decodeBody(s, c, execOptions)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Runs.Exec(ctx, p, o)
	return writeRun(ctx, c, res, err)
}

func runOptions(body *object) (session.RunOptions, error) {
	o := session.RunOptions{Pane: takePane(body)}
	if command := body.text("command"); command != nil {
		o.Command = *command
	}
	o.Timeout, o.MaxOutput = takeRunBounds(body)
	return o, body.done()
}

func execOptions(body *object) (session.ExecOptions, error) {
	o := session.ExecOptions{Argv: body.texts("argv"), Stdin: body.text("stdin")}
	if command := body.text("command"); command != nil {
		o.Command = *command
	}
	if cwd := body.text("cwd"); cwd != nil {
		o.Cwd = *cwd
	}
	env, err := body.dictionary("env")
	if err != nil {
		return o, err
	}
	o.Env = env
	o.Timeout, o.MaxOutput = takeRunBounds(body)
	return o, body.done()
}

// takeRunBounds reads how long to wait for a command, and how many bytes of its
// output to keep.
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

// writeRun answers with the result of a run, or returns the error that becomes
// the response.
func writeRun(ctx context.Context, c *gin.Context, res session.RunResult, err error) error {
	switch {
	case err == nil:
		return writeJSON(c, http.StatusOK, runJSON{newRanJSON(res), res.ExitCode, res.ShellEnded})
	case errors.Is(err, session.ErrRunTimeout):
		var late *session.RunTimeoutError
		errors.As(err, &late)
		return &runTimeoutError{partial: newRanJSON(late.Seen), next: runPath(late.Seen.Session, late.Seen.ID)}
	case errors.Is(err, session.ErrRunning):
		var other *session.RunningError
		errors.As(err, &other)
		return &runBusyError{cause: err, next: runPath(other.Session, other.Run)}
	}
	if errors.Is(err, context.Canceled) && ctx.Err() != nil { // the server stops, or the client left
		return context.Cause(ctx)
	}
	return err
}

// runPath is the path at which to wait for a run.
func runPath(id int64, run string) string {
	return sessionPath(id) + "/run?run=" + run
}

// runTimeoutError: the time is up and the run is not over.
type runTimeoutError struct {
	partial ranJSON
	next    string
}

func (e *runTimeoutError) Error() string { return session.ErrRunTimeout.Error() }
func (e *runTimeoutError) Unwrap() error { return session.ErrRunTimeout }

// runBusyError: the pane has another run, which is not over.
type runBusyError struct {
	cause error
	next  string
}

func (e *runBusyError) Error() string { return e.cause.Error() }
func (e *runBusyError) Unwrap() error { return e.cause }
