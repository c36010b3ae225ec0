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
	// superuser owns the cluster; its socket's folder is private, so it needs
	// no password.
	superuser = "interplexer"
	patience  = 30 * time.Second
)

// settings trade safety from power cuts, which a test's data do not need, for
// speed. Commits stay synchronous: what is committed survives stop.
var settings = []string{
	"listen_addresses=", "fsync=off", "full_page_writes=off",
	"max_connections=100", "shared_buffers=16MB", "lc_messages=C", "logging_collector=off",
}

// instance is a Postgres cluster in a folder of its own that listens on a unix
// socket alone. Its methods are not safe for concurrent use, exec and url are.
type instance struct {
	folder     string // holds data and the socket
	binaries   string
	credential *syscall.Credential // nil unless we are root
	guard      *guard
	server     *exec.Cmd     // nil while stopped
	exited     chan struct{} // closed when server has ended
	log        *serverLog
}

// newInstance makes a cluster and starts it.
func newInstance() (*instance, error) {
	return startInstance((*instance).initialise)
}

func startInstance(initialise func(*instance) error) (*instance, error) {
	p, err := newCluster(initialise)
	if err != nil {
		return nil, err
	}
	if err := p.start(); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

// newCluster makes one that is not started.
func newCluster(initialise func(*instance) error) (*instance, error) {
	binaries, err := findBinaries()
	if err != nil {
		return nil, err
	}
	credential, err := unprivileged()
	if err != nil {
		return nil, err
	}
	p := &instance{binaries: binaries, credential: credential}
	if p.folder, err = makeFolder(credential); err != nil {
		return nil, err
	}
	// Before anything that could outlive us.
	if p.guard, err = startGuard(p.folder); err != nil {
		return nil, errors.Join(err, os.RemoveAll(p.folder))
	}
	if err := initialise(p); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *instance) initialise() error {
	init := exec.Command(filepath.Join(p.binaries, "initdb"), "-D", p.data(), "-U", superuser,
		"-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync")
	p.confine(init)
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	return nil
}

// initialiseFrom is initialise in a fifth of its time: the other was initialised
// and never started.
func (p *instance) initialiseFrom(other *instance) error {
	cp := exec.Command("cp", "-R", other.data(), p.data())
	p.confine(cp)
	if out, err := cp.CombinedOutput(); err != nil {
		return fmt.Errorf("copy a cluster: %w\n%s", err, out)
	}
	return nil
}

// start returns when the server says that it is ready.
func (p *instance) start() error {
	args := []string{"-D", p.data(), "-k", p.folder}
	for _, s := range settings {
		args = append(args, "-c", s)
	}
	p.log = newServerLog()
	server := exec.Command(filepath.Join(p.binaries, "postgres"), args...)
	p.confine(server)
	server.Stdout, server.Stderr = p.log, p.log
	// Backends hold the log's pipe too and may end after the postmaster.
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
		return fmt.Errorf("postgres ended at its start:\n%s", p.log)
	case <-time.After(patience):
		return errors.Join(fmt.Errorf("postgres is not ready after %s:\n%s", patience, p.log), p.stop())
	}
}

// stop is an immediate shutdown: clients are cut off, and a server that was
// stopped by a signal ends as well.
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
	case <-time.After(patience):
		_ = p.server.Process.Kill()
		<-p.exited
	}
	p.server = nil
	return nil
}

// close stops the server and removes everything.
func (p *instance) close() {
	_ = p.stop()
	p.guard.dismiss()
	_ = os.RemoveAll(p.folder)
}

// signalAll reaches the backends too: each is in a process group of its own.
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

func (p *instance) url(database string) string {
	q := url.Values{"host": {p.folder}, "user": {superuser}}
	return (&url.URL{Scheme: "postgres", Path: "/" + database, RawQuery: q.Encode()}).String()
}

// empty makes a database what it was when it was created, whoever uses it still.
func (p *instance) empty(database string) error {
	return p.exec(database, `
		SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid();
		DROP SCHEMA public CASCADE;
		CREATE SCHEMA public`)
}

func (p *instance) exec(database, query string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
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

func (p *instance) data() string { return filepath.Join(p.folder, "data") }

// confine runs a command as the cluster's owner and apart from the terminal:
// an interrupt there is for the tests, which then stop the server themselves.
func (p *instance) confine(c *exec.Cmd) {
	c.Dir = p.folder
	c.Env = []string{"PATH=" + os.Getenv("PATH"), "LC_ALL=C", "TZ=UTC"}
	c.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: p.credential}
}
