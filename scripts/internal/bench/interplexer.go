package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"interplexer/scripts/internal/process"
)

// interplexer is the service under test: the real binary with its own store and its
// own tmux server.
type interplexer struct {
	*target
	server *server
	s      settings
	dir    string
	socket string
}

// startInterplexer starts the service with more flags of serve, and waits until it
// is ready.
func startInterplexer(ctx context.Context, s settings, dir string, flags ...string) (*interplexer, error) {
	p := &interplexer{target: &target{name: "interplexer"}, s: s, dir: dir, socket: socketName(filepath.Base(dir))}
	token, err := p.firstToken(ctx)
	if err != nil {
		return nil, err
	}
	cmd := p.command(append([]string{"serve", "--listen", "127.0.0.1:0", "--tmux", s.tmux, "--tmux-socket", p.socket, "--log-level", s.logLevel}, flags...)...)
	if p.server, err = startServer(ctx, cmd, filepath.Join(dir, "interplexer.log")); err != nil {
		return nil, err
	}
	p.addr = p.server.addr
	if token == "" {
		token, err = p.tokenFile()
	}
	p.token = token
	if err == nil {
		err = p.ready(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, p.stop(ctx))
	}
	return p, nil
}

// command returns a command of the service's binary, on the store of this run.
func (p *interplexer) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.s.interplexer, args...)
	cmd.Env = process.Environ("INTERPLEXER_DATA_DIR="+p.dataDir(), "INTERPLEXER_DATABASE_URL="+p.s.databaseURL, "TMUX_TMPDIR="+p.dir)
	return cmd
}

func (p *interplexer) dataDir() string { return filepath.Join(p.dir, "data") }

// firstToken creates a user and a token in a Postgres store. In an embedded store
// the service creates the first user when it starts; then firstToken returns "".
func (p *interplexer) firstToken(ctx context.Context) (string, error) {
	if p.s.databaseURL == "" {
		return "", nil
	}
	user := "bench-" + strings.ToLower(rand.Text()[:12])
	if _, err := p.cli(ctx, "user", "add", user); err != nil {
		return "", err
	}
	return p.cli(ctx, "token", "create", "--user", user, "--expires", "24h")
}

func (p *interplexer) cli(ctx context.Context, args ...string) (string, error) {
	if err := ctx.Err(); err != nil {
		return "", err
	}
	out, err := process.Output(p.command(args...))
	if err != nil {
		return "", fmt.Errorf("bench: %w", err)
	}
	return out, nil
}

func (p *interplexer) tokenFile() (string, error) {
	text, err := os.ReadFile(filepath.Join(p.dataDir(), "token"))
	return strings.TrimSpace(string(text)), err
}

func (p *interplexer) ready(ctx context.Context) error {
	c, err := dial(ctx, p.addr)
	if err != nil {
		return err
	}
	defer c.close()
	_, err = c.do(p.request("GET", "/readyz", ""), 200)
	return err
}

// stop stops the service, and then its tmux server, which would outlive it.
func (p *interplexer) stop(ctx context.Context) error {
	var err error
	if p.s.databaseURL != "" {
		err = p.clear(context.WithoutCancel(ctx))
	}
	return errors.Join(err, p.server.stop(), endTmux(p.s.tmux, p.socket, append(os.Environ(), "TMUX_TMPDIR="+p.dir)))
}
