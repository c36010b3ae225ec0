package api

import (
	"context"
	"encoding/hex"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

func (s *Server) sendKeys(ctx context.Context, c *gin.Context, p session.Principal, at target, in session.Input) error {
	if err := s.options.Registry.Send(ctx, p, at.session, in); err != nil {
		return err
	}
	return writeNoContent(c)
}

// inputOptions reads the body of send-keys: exactly one of keys, text, hex and
// paste.
func inputOptions(body *object) (session.Input, error) {
	var in session.Input
	in.Pane = takePane(body)
	ways := 0
	for _, name := range []string{"keys", "text", "hex", "paste"} {
		if raw, given := body.fields[name]; given && kindOf(raw) != 'n' {
			ways++
		}
	}
	takeKeys(body, &in)
	in.Text = body.text("text")
	in.Paste = body.text("paste")
	takeHex(body, &in)
	takeInMode(body, &in)
	switch {
	case ways == 0:
		body.fail("keys", "give one of keys, text, hex and paste")
	case ways > 1:
		body.fail("keys", "give only one of keys, text, hex and paste")
	}
	return in, body.done()
}

// takeKeys reads keys: a line as a string, which Enter follows unless "enter" is
// false, or an array of tmux's names of keys.
func takeKeys(body *object, in *session.Input) {
	line := false
	switch kindOf(body.fields["keys"]) {
	case '"':
		in.Line, line = body.text("keys"), true
	case '[':
		in.Keys = body.texts("keys")
	default:
		if body.take("keys") != nil {
			body.fail("keys", "must be a string or an array of strings")
		}
	}
	enter, given := body.boolean("enter")
	switch {
	case given && !line:
		body.fail("enter", "goes only with keys as a string")
	case given:
		in.NoEnter = !enter
	}
}

// takeInMode reads in_mode: whether to leave a mode that the pane is in, such as
// copy mode, or to refuse the keys.
func takeInMode(body *object, in *session.Input) {
	switch todo := body.text("in_mode"); {
	case todo == nil, *todo == "leave":
	case *todo == "refuse":
		in.RefuseMode = true
	default:
		body.fail("in_mode", "must be leave or refuse")
	}
}

func takeHex(body *object, in *session.Input) {
	digits := body.text("hex")
	if digits == nil {
		return
	}
	raw, err := hex.DecodeString(*digits)
	if err != nil {
		body.fail("hex", "must be pairs of hexadecimal digits and nothing else")
		return
	}
	in.Raw = raw // not nil, even if empty: nil means that hex was absent
}
