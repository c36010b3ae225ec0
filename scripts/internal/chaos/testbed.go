package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"interplexer/db/dbtest"
	"interplexer/scripts/internal/process"
)

// testbed is the environment of the service, which outlives its process: a folder
// with all files, the store, and a private tmux server.
type testbed struct {
	binary   string
	self     string // this program
	dir      string // has a short name, because the path of a socket has 104 bytes at most
	socket   string // the name of the tmux socket
	log      string // the file of the service's log
	addr     string
	env      []string
	postgres *dbtest.Private // nil: SQLite
	service  *service        // the process of now; nil before the first
}

func newTestbed(binary, store, log string) (*testbed, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	dir, err := os.MkdirTemp("", "ipxc")
	if err != nil {
		return nil, fmt.Errorf("chaos: %w", err)
	}
	w := &testbed{binary: binary, self: self, dir: dir, socket: filepath.Base(dir), log: log}
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
	w.env = process.Environ(
		"HOME="+filepath.Join(dir, "home"), "TMPDIR="+filepath.Join(dir, "tmp"), "TMUX_TMPDIR="+dir,
		"INTERPLEXER_DATA_DIR="+filepath.Join(dir, "data"), "INTERPLEXER_DATABASE_URL="+url, "INTERPLEXER_TMUX_SOCKET="+w.socket,
		"GORACE=atexit_sleep_ms=0 "+os.Getenv("GORACE"))
	return w, nil
}

// freeAddress returns an address whose port is below those that the kernel gives to
// clients. Else a client that connects while the service is down could get the port
// of the service, and would talk to itself.
func freeAddress() (string, error) {
	for range 100 {
		addr := fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000))
		if l, err := net.Listen("tcp", addr); err == nil {
			return addr, l.Close()
		}
	}
	return "", errors.New("chaos: there is no free port")
}

func (w *testbed) url() string { return "http://" + w.addr }

// typedFile is the file with the input that the program of a session has read.
func (w *testbed) typedFile(mark string) string { return filepath.Join(w.dir, "typed", mark) }

// sessionBody is the body of a request that creates a session.
func (w *testbed) sessionBody(mark string) string {
	return fmt.Sprintf(`{"name":%q,"command":[%q,%q,%q,%q],"width":%d,"height":%d}`,
		mark, w.self, programRole, mark, filepath.Join(w.dir, "typed"), screenWidth, screenHeight)
}

// cli runs the service's binary and returns its output.
func (w *testbed) cli(args ...string) (string, error) {
	cmd := exec.Command(w.binary, args...)
	cmd.Env = w.env
	return process.Output(cmd)
}

// tmux runs the real tmux on the service's socket, and returns its output.
func (w *testbed) tmux(args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, "tmux", append([]string{"-L", w.socket}, args...)...)
	cmd.Env = w.env
	return process.Output(cmd)
}

// addUsers creates the users and their tokens.
func (w *testbed) addUsers(admin *user, users ...*user) error {
	if _, err := w.cli("user", "add", admin.name, "--admin"); err != nil { // first, because it creates the store
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

// controlClients returns the processes of the service's control clients.
func (w *testbed) controlClients() (command, hub []int, err error) {
	all, err := process.List(w.socket)
	for _, p := range all {
		switch {
		case p.Parent != w.service.PID() || !p.IsControlClient():
		case p.IsHub():
			hub = append(hub, p.PID)
		default:
			command = append(command, p.PID)
		}
	}
	return command, hub, err
}

// tmuxServer returns the process of the tmux server; 0: there is none.
func (w *testbed) tmuxServer() (int, error) {
	all, err := process.List(w.socket)
	for _, p := range all {
		if p.IsTmuxServer() {
			return p.PID, nil
		}
	}
	return 0, err
}

func (w *testbed) socketFile() string {
	return filepath.Join(w.dir, "tmux-"+strconv.Itoa(os.Getuid()), w.socket)
}

// close ends all processes that are left and removes the folder.
func (w *testbed) close() {
	if w.service != nil {
		w.service.kill()
	}
	all, _ := process.List(w.dir) // the socket has the folder's name
	for _, p := range all {
		_ = syscall.Kill(p.PID, syscall.SIGKILL)
	}
	all, _ = process.List(w.socket)
	for _, p := range all {
		if p.IsTmuxServer() || p.IsControlClient() {
			_ = syscall.Kill(p.PID, syscall.SIGKILL)
		}
	}
	if w.postgres != nil {
		w.postgres.Close()
	}
	_ = os.RemoveAll(w.dir)
}
