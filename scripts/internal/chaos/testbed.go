package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/db/dbtest"
)

// world is what outlives the service: a folder with everything in it, the
// store, and a tmux server of its own.
type world struct {
	binary   string
	self     string // this program
	dir      string // short: a socket's path has 104 bytes
	socket   string
	log      string // of the service, a file
	addr     string
	env      []string
	postgres *dbtest.Private // nil: SQLite
	service  *service
}

func newWorld(binary, store, log string) (*world, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	dir, err := os.MkdirTemp("", "ipxc")
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	w := &world{binary: binary, self: self, dir: dir, socket: filepath.Base(dir), log: log}
	if log == "" {
		w.log = filepath.Join(dir, "log")
	}
	for _, folder := range []string{"home", "tmp", "typed"} {
		if err := os.Mkdir(filepath.Join(dir, folder), 0o700); err != nil {
			return nil, fmt.Errorf("chaos: %w", err)
		}
	}
	url := ""
	if store == "postgres" {
		if w.postgres, err = dbtest.StartPrivate(); err != nil {
			return nil, err
		}
		url = w.postgres.URL()
	}
	if w.addr, err = freeAddress(); err != nil {
		return nil, err
	}
	// Settings of another instance, which the environment may hold, are not ours.
	w.env = slices.DeleteFunc(os.Environ(), func(entry string) bool {
		return strings.HasPrefix(entry, "INTERPLEXER_") || strings.HasPrefix(entry, "TMUX")
	})
	w.env = append(w.env,
		"HOME="+filepath.Join(dir, "home"), "TMPDIR="+filepath.Join(dir, "tmp"), "TMUX_TMPDIR="+dir,
		"INTERPLEXER_DATA_DIR="+filepath.Join(dir, "data"), "INTERPLEXER_DATABASE_URL="+url, "INTERPLEXER_TMUX_SOCKET="+w.socket,
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return w, nil
}

// freeAddress is one below those from which the kernel gives ports to clients:
// one that calls while the service is down could be given the service's, and
// talk to itself.
func freeAddress() (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("chaos: there is no free port")
}

func (w *world) url() string { return "http://" + w.addr }

// typedFile is what the program of a session has read.
func (w *world) typedFile(mark string) string { return filepath.Join(w.dir, "typed", mark) }

// sessionBody asks for a session.
func (w *world) sessionBody(mark string) string {
	return fmt.Sprintf(`{"name":%q,"command":[%q,%q,%q,%q],"width":%d,"height":%d}`,
		mark, w.self, witnessRole, mark, filepath.Join(w.dir, "typed"), screenWidth, screenHeight)
}

// cli runs the service's binary to its end.
func (w *world) cli(args ...string) (string, error) {
	return run(exec.Command(w.binary, args...), w.env)
}

// tmux runs the real tmux beside the service.
func (w *world) tmux(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return run(exec.CommandContext(ctx, "tmux", append([]string{"-L", w.socket}, args...)...), w.env)
}

func run(cmd *exec.Cmd, env []string) (string, error) {
	var stderr bytes.Buffer
	cmd.Env, cmd.Stderr = env, &stderr
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("chaos: %s: %w: %s", strings.Join(cmd.Args, " "), err, stderr.String())
	}
	return strings.TrimSpace(string(out)), nil
}

// addUsers gives them their tokens.
func (w *world) addUsers(admin *user, users ...*user) error {
	if _, err := w.cli("user", "add", admin.name, "--admin"); err != nil { // alone: it makes the store
		return err
	}
	var group errgroup.Group
	for _, u := range append(users, admin) {
		group.Go(func() (err error) {
			if u != admin {
				if _, err = w.cli("user", "add", u.name); err != nil {
					return err
				}
			}
			u.token, err = w.cli("token", "create", "--user", u.name)
			return err
		})
	}
	return group.Wait()
}

// clients are the service's tmux clients: the one for commands, and the hub.
func (w *world) clients() (command, hub []int, err error) {
	all, err := processes(w.socket)
	for _, p := range all {
		switch {
		case p.parent != w.service.pid() || !slices.Contains(p.args, "-C"):
		case p.isHub():
			hub = append(hub, p.pid)
		default:
			command = append(command, p.pid)
		}
	}
	return command, hub, err
}

// tmuxServer is the pid of the tmux server; 0: there is none.
func (w *world) tmuxServer() (int, error) {
	all, err := processes(w.socket)
	for _, p := range all {
		if p.isServer() {
			return p.pid, nil
		}
	}
	return 0, err
}

func (w *world) socketFile() string {
	return filepath.Join(w.dir, "tmux-"+strconv.Itoa(os.Getuid()), w.socket)
}

// close ends whatever is left and removes everything.
func (w *world) close() {
	if w.service != nil {
		w.service.kill()
	}
	all, _ := processes(w.dir) // the socket is named for the folder
	for _, p := range all {
		_ = sendSignal(9, p.pid)
	}
	if all, _ := processes(w.socket); len(all) > 0 {
		for _, p := range all {
			if p.isServer() || slices.Contains(p.args, "-C") {
				_ = sendSignal(9, p.pid)
			}
		}
	}
	if w.postgres != nil {
		w.postgres.Close()
	}
	_ = os.RemoveAll(w.dir)
}
