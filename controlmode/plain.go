package controlmode

import (
	"context"
	"errors"
	"os/exec"
	"time"
)

// plainDelay is how long the output of a plain client may stay open after it has
// ended: tmux is handed it too, and one that is stopped would never close it.
const plainDelay = 200 * time.Millisecond

// plain runs a client that is none in control mode: it is told nothing, so that
// it is safe to end at any time. It starts no server.
func (s *Server) plain(ctx context.Context, args ...string) (string, error) {
	cmd := exec.CommandContext(ctx, s.opts.Binary, append([]string{"-N", "-L", s.opts.SocketName}, args...)...)
	cmd.Env, cmd.WaitDelay = s.opts.Env, plainDelay
	out, err := cmd.Output()
	if errors.Is(err, exec.ErrWaitDelay) { // it has ended well
		err = nil
	}
	return string(out), err
}
