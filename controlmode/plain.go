package controlmode

import (
	"context"
	"os/exec"
	"time"
)

// plainWait bounds the wait for the end of a plain client's output.
const plainWait = 50 * time.Millisecond

// plain runs a plain tmux client, which is told nothing and so is safe to end at
// any time, and returns what it printed. It never starts a tmux server, and
// returns soon after ctx is done also when tmux is stopped: the client's output
// is then held open by the file that it has sent to the tmux server.
func (s *Server) plain(ctx context.Context, args ...string) ([]byte, error) {
	cmd := exec.CommandContext(ctx, s.opts.Binary, append([]string{"-N", "-L", s.opts.SocketName}, args...)...)
	cmd.Env = s.opts.Env
	cmd.WaitDelay = plainWait
	return cmd.Output()
}
