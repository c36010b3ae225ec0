package api

import (
	"context"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

func (s *Server) exec(_ context.Context, c *gin.Context, p session.Principal) error {
	body, err := s.readObject(c)
	if err != nil {
		return err
	}
	o, err := execOptions(body)
	if err != nil {
		return err
	}
	ctx, release := s.hold(c)
	defer release()
	res, err := s.options.Registry.Exec(ctx, p, o)
	return answerRun(ctx, c, res, err)
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
