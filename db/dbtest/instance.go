package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	_ "github.com/lib/pq" // the driver
)

const (
	// superuser owns the databases. It needs no password, because the directory
	// of the socket is private.
	superuser = "interplexer"
	// waitTimeout is how long a server may take to start, to stop, and to run a
	// statement.
	waitTimeout = 30 * time.Second
)

// settings make Postgres fast at the price of safety from power cuts, which the
// data of a test do not need. Commits stay synchronous, so they survive stop.
var settings = []string{
	"listen_addresses=", "fsync=off", "full_page_writes=off",
	"max_connections=100", "shared_buffers=16MB", "lc_messages=C", "logging_collector=off",
}

// instance is a Postgres server with its data in a temporary directory. It listens
// only on a unix socket there. Its methods, except exec and url, are not safe for
// concurrent use.
type instance struct {
	dir        string              // has the data and the socket
	binaries   string              // the directory of the server programs
	credential *syscall.Credential // nil unless we are root
	reaper     *reaper
	server     *exec.Cmd     // nil while stopped
	exited     chan struct{} // closed when server has ended and was waited for
	log        *serverLog
}

// newInstance creates an instance and starts it.
func newInstance() (*instance, error) {
	return startInstance((*instance).initialise)
}

// startInstance is newInstance with another way to create the data.
func startInstance(initialise func(*instance) error) (*instance, error) {
	p, err := newStopped(initialise)
	if err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// newStopped creates an instance that is not started.
func newStopped(initialise func(*instance) error) (*instance, error) {
	binaries, err := findBinaries()
	if err != nil {
		return nil, err
	}
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &instance{binaries: binaries, credential: credential}
	if p.dir, err = makeDir(credential); err != nil {
		return nil, err
	}
	// The reaper comes first, before any process that could outlive us.
	if p.reaper, err = startReaper(p.dir); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.dir))
	}
	if err := initialise(p); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// initialise creates the data with initdb.
func (p *instance) initialise() error {
	init := exec.Command(filepath.Join(p.binaries, "initdb"), "-D", p.data(), "-U", superuser,
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	p.asOwner(init)
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// copyFrom copies the data of another instance, which must never have been
// started. It takes a fifth of the time of initialise.
func (p *instance) copyFrom(other *instance) error {
	cp := exec.Command("cp", "-R", other.data(), p.data())
	p.asOwner(cp)
	if out, err := cp.CombinedOutput(); err != nil {
		return fmt.Errorf("copy the data: %w\n%s", err, out)
	}
	return nil
}

// start blocks until the server accepts connections. One goroutine waits for the
// process to end; stop, and a failed start, wait for that goroutine.
func (p *instance) start() error {
	args := []string{"-D", p.data(), "-k", p.dir}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	p.log = newServerLog()
	server := exec.Command(filepath.Join(p.binaries, "postgres"), args...)
	p.asOwner(server)
	server.Stdout, server.Stderr = p.log, p.log
	// The backends share the pipe of the log and may end after the postmaster.
	server.WaitDelay = time.Second
	if err := server.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	p.server, p.exited = server, make(chan struct{})
	go func(exited chan struct{}) {
		defer close(exited)
		_ = server.Wait()
	}(p.exited)
	select {
	case <-p.log.ready:
		return nil
	case <-p.exited:
		p.server = nil
		return fmt.Errorf("postgres ended while it started:\n%s", p.log)
	case <-time.After(waitTimeout):
		return errors.Join(fmt.Errorf("postgres is not ready after %s:\n%s", waitTimeout, p.log), p.stop())
	}
}

// stop makes an immediate shutdown, which breaks the connections of clients, and
// waits for the end. It works on a server that SIGSTOP has stopped, too.
func (p *instance) stop() error {
	if p.server == nil {
		return nil
	}
	if err := p.signalAll(syscall.SIGCONT); err != nil {
		return err
	}
	_ = p.server.Process.Signal(syscall.SIGQUIT)
	select {
	case <-p.exited:
	case <-time.After(waitTimeout):
		_ = p.server.Process.Kill()
		<-p.exited
	}
	p.server = nil
	return nil
}

// close stops the server and removes its directory.
func (p *instance) close() {
	_ = p.stop()
	p.reaper.dismiss()
	_ = os.RemoveAll(p.dir)
}

// signalAll sends a signal to the postmaster and to each backend, which is in a
// process group of its own.
func (p *instance) signalAll(signal syscall.Signal) error {
	if p.server == nil {
		return errors.New("signal: postgres is stopped")
	}
	pids, err := children(p.server.Process.Pid)
	if err != nil {
		return fmt.Errorf("signal: %w", err)
	}
	for _, pid := range append([]int{p.server.Process.Pid}, pids...) {
		if err := syscall.Kill(pid, signal); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("signal %d: %w", pid, err)
		}
	}
	return nil
}

// url returns the URL of a database.
func (p *instance) url(database string) string {
	q := url.Values{"host": {p.dir}, "user": {superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// reset empties a database. It ends the connections of those who still use it.
func (p *instance) reset(database string) error {
	return p.exec(database, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public`)
}

// exec runs statements on a connection of its own.
func (p *instance) exec(database, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), waitTimeout)
	defer cancel()
	pool, err := sql.Open("postgres", p.url(database)+"&connect_timeout=10")
	if err != nil {
		return fmt.Errorf("exec: %w", err)
	}
	defer pool.Close()
	if _, err := pool.ExecContext(ctx, query); err != nil {
		return fmt.Errorf("exec: %w", err)
	}
	return nil
}

func (p *instance) data() string { return filepath.Join(p.dir, "data") }

// asOwner sets a command up to run as the owner of the directory, with a clean
// environment, and in a session of its own: an interrupt at the terminal is for
// the tests, which then stop the server themselves.
func (p *instance) asOwner(c *exec.Cmd) {
	c.Dir = p.dir
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: p.credential}
}
