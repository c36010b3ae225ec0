package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// interplexer is the service under test, the real binary on a store and a tmux
// server of its own.
type interplexer struct {
	*target
	child  *child
	s      settings
	dir    string
	socket string
}

// startInterplexer starts it, with flags of serve besides, and waits until it is
// ready.
func startInterplexer(ctx context.Context, s settings, dir string, flags ...string) (*interplexer, error) {
	p := &interplexer{target: &target{name: "interplexer"}, s: s, dir: dir, socket: socketName(filepath.Base(dir))}
	token, err := p.firstToken(ctx)
	if err != nil {
		return nil, err
	}
	cmd := p.command(append([]string{"serve", "--listen", "127.0.0.1:0", "--tmux", s.tmux, "--tmux-socket", p.socket, "--log-level", s.logLevel}, flags...)...)
	if p.child, err = startChild(ctx, cmd, filepath.Join(dir, "interplexer.log")); err != nil {
		return nil, err
	}
	p.addr = p.child.addr
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

// command runs the service's binary on the store of this run.
func (p *interplexer) command(args ...string) *exec.Cmd {
	cmd := exec.Command(p.s.interplexer, args...)
	// Settings of another instance, which the environment may hold, are not ours.
	cmd.Env = slices.DeleteFunc(os.Environ(), func(entry string) bool { return strings.HasPrefix(entry, "INTERPLEXER_") })
	cmd.Env = append(cmd.Env, "INTERPLEXER_DATA_DIR="+p.dataDir(), "INTERPLEXER_DATABASE_URL="+p.s.databaseURL, "TMUX_TMPDIR="+p.dir)
	return cmd
}

func (p *interplexer) dataDir() string { return filepath.Join(p.dir, "data") }

// firstToken makes a user and a token in a Postgres store. In an embedded one
// the service does that by itself when it starts.
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
	cmd := p.command(args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("bench: interplexer %s %s: %w: %s", args[0], args[1], err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
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

// stop ends the service and its tmux server, which would outlive it.
func (p *interplexer) stop(ctx context.Context) error {
	var err error
	if p.s.databaseURL != "" {
		err = p.clear(context.WithoutCancel(ctx))
	}
	return errors.Join(err, p.child.stop(), endTmux(p.s.tmux, p.socket, append(os.Environ(), "TMUX_TMPDIR="+p.dir)))
}
