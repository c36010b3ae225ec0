package controlmode

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"interplexer/controlmode/internal/ptyprocess"
	"interplexer/controlmode/internal/wire"
)

// DialOptions say which tmux server to attach to.
type DialOptions struct {
	Binary     string // default "tmux", looked up in $PATH
	SocketName string // tmux -L, default "default"; the server is started if it does not run
	NoStart    bool   // fail rather than start it
	ConfigFile string // read when the server starts; default /dev/null
	// of the client, of a tmux server that it starts, and so of every shell in that;
	// nil: as in ServerOptions
	Env  []string
	Dir  string // working directory of the same processes; empty: this process's
	Conn ConnOptions
}

// Dial starts a tmux client in control mode and attaches it to an anchor session of
// its own, which ends with the client. It blocks until tmux answers, ten seconds at
// most. If ctx is done before, it still waits, and then closes the client. While it
// runs, nothing else should change on the tmux server: up to 3.6, a notification for
// a client that is still identifying itself crashes the server (tmux PR 4980). A
// Server sees to that for its own connections. Dial fails with a *VersionError or
// with tmux's own message. Close the Conn when done.
func Dial(ctx context.Context, o DialOptions) (*Conn, ServerID, error) {
	if err := ctx.Err(); err != nil {
		return nil, ServerID{}, err
	}
	anchor := anchorPrefix + randomNonce()
	p, err := ptyprocess.Start(dialCommand(o, anchor))
	if err != nil {
		return nil, ServerID{}, err
	}
	conn, id, err := attachConn(p, p.Kill, p.Exited(), o.Conn)
	if err == nil {
		conn.anchor = anchor
	}
	if err == nil && ctx.Err() != nil {
		conn.Close()
		return nil, ServerID{}, ctx.Err()
	}
	return conn, id, err
}

// NewConn attaches over a stream that the caller has made: the two ends of a tmux -C
// client on a raw terminal, or a fake of one. It blocks as Dial does, until tmux has
// sent %session-changed and has said which server it is. Closing the Conn closes the
// stream, which must make a blocked Read or Write return.
func NewConn(stream io.ReadWriteCloser, o ConnOptions) (*Conn, ServerID, error) {
	return attachConn(stream, sync.OnceFunc(func() { stream.Close() }), nil, o)
}

// attachConn makes a Conn and waits for the attach.
func attachConn(stream io.ReadWriteCloser, kill func(), exited <-chan struct{}, o ConnOptions) (*Conn, ServerID, error) {
	a := newAttach(o.OnNotification)
	o.OnNotification = a.notify
	conn := newConn(stream, kill, exited, o)
	id, err := finishDial(conn, a)
	if err != nil {
		conn.Close()
		return nil, ServerID{}, fmt.Errorf("controlmode: dial: %w", err)
	}
	return conn, id, nil
}

// dialCommand is the tmux client that attaches to an anchor session.
func dialCommand(o DialOptions, anchor string) *exec.Cmd {
	o.Binary = cmp.Or(o.Binary, "tmux")
	o.SocketName = cmp.Or(o.SocketName, "default")
	o.ConfigFile = cmp.Or(o.ConfigFile, "/dev/null")
	if o.Env == nil {
		o.Env = CleanEnv(os.Environ())
	}
	args := []string{"-u"} // whatever the locale: else é becomes _
	if o.NoStart {
		args = append(args, "-N")
	}
	cmd := exec.Command(o.Binary, append(args,
		"-L", o.SocketName, "-f", o.ConfigFile, "-C",
		"new-session", "-s", anchor, "-x", "80", "-y", "24", "exec sleep 2147483647",
		// Not destroy-unattached: when two clients die together, the loss of one
		// destroys the session under the other, which crashes the server (seen on
		// 3.3a).
		";", "set-hook", "client-detached", "kill-session -t ="+anchor)...)
	cmd.Env, cmd.Dir = o.Env, o.Dir
	return cmd
}

// anchorPrefix starts the names of the sessions that control clients are attached to.
const anchorPrefix = "interplexer-anchor-"

// IsAnchor reports whether a session of that name is a control client's own.
func IsAnchor(name string) bool { return strings.HasPrefix(name, anchorPrefix) }

// finishDial waits for the attach and asks tmux which server it is. It also turns
// output off: tmux must send none to a client that does not read it. refresh-client
// -C is never used, because it resizes everybody's windows.
func finishDial(conn *Conn, a *attach) (ServerID, error) {
	ctx, cancel := context.WithTimeout(context.Background(), attachTimeout)
	defer cancel()
	if err := a.wait(ctx, conn); err != nil {
		return ServerID{}, err
	}
	cmd := wire.NewCommand("refresh-client -f no-output,ignore-size")
	cmd.Then("display-message -p '#{pid} #{start_time} #{version} #{socket_path}'")
	// The gate is shut, and neither command causes a notification.
	blocks, err := conn.send(ctx, cmd, request{frame: wire.Frame{Blocks: 2}, readOnly: true})
	if err != nil {
		return ServerID{}, err
	}
	id, version, err := parseIdentity(strings.TrimSuffix(string(blocks[1].Body), "\n"))
	if err != nil {
		return ServerID{}, err
	}
	conn.version, conn.folder = version, filepath.Dir(id.Socket)
	return id, version.check()
}

// parseIdentity reads "pid start_time version socket_path".
func parseIdentity(line string) (ServerID, Version, error) {
	parts := strings.SplitN(line, " ", 4)
	if len(parts) != 4 {
		return ServerID{}, Version{}, fmt.Errorf("%w: tmux's identity is %q", ErrProtocol, line)
	}
	version, err := ParseVersion(parts[2])
	if err != nil {
		return ServerID{}, Version{}, err
	}
	id, err := ParseServerID(parts[0] + " " + parts[1] + " " + parts[3])
	return id, version, err
}

// attach watches a new connection until tmux has attached it. A command that is
// written earlier could run before the attach is complete.
type attach struct {
	// receives every notification
	next func(Notification)

	mu       sync.Mutex // guards the fields below
	text     []string   // other lines from tmux, for the error
	failed   bool
	finished bool
	attached chan struct{} // closed when finished is set
}

func newAttach(next func(Notification)) *attach {
	if next == nil {
		next = func(Notification) {}
	}
	return &attach{next: next, attached: make(chan struct{})}
}

// notify is the connection's OnNotification.
func (a *attach) notify(n Notification) {
	a.watch(n)
	a.next(n)
}

// watch looks for the end of the attach.
func (a *attach) watch(n Notification) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.finished {
		return
	}
	switch n := n.(type) {
	case Unasked:
		if n.Failed {
			a.text = append(a.text, strings.TrimSpace(string(n.Body)))
			a.failed = true
		}
	case Unknown:
		a.text = append(a.text, strings.TrimSpace(string(n.Line)))
	case Exit:
		a.text = append(a.text, n.Reason)
	case SessionChanged:
		a.finish()
		return
	}
	if a.failed {
		a.finish()
	}
}

// finish ends the watch. The caller holds mu.
func (a *attach) finish() {
	a.finished = true
	close(a.attached)
}

// wait blocks until the attach has succeeded or failed, or until ctx is done.
func (a *attach) wait(ctx context.Context, conn *Conn) error {
	var err error
	select {
	case <-a.attached:
	case <-conn.Done():
		err = conn.Err()
	case <-ctx.Done():
		err = errors.New("tmux did not finish the attach in " + strconv.Itoa(int(attachTimeout.Seconds())) + " s")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.failed || err != nil && len(a.text) > 0 {
		text, lost := strings.CutSuffix(strings.Join(a.text, "; "), errServerLost.Error())
		if lost {
			return fmt.Errorf("attach: %s%w", text, errServerLost)
		}
		return fmt.Errorf("attach: %s", text)
	}
	return err
}

// errServerLost is the message of a tmux client whose server hangs up. A server that
// crashes does so. So does one that is ending: it goes only when all of its clients
// have gone, and accepts no new one meanwhile.
var errServerLost = errors.New("server exited unexpectedly")
