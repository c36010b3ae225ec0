package dbtest

import "syscall"

// Private is a Postgres for a program that is no test, such as a benchmark. Its
// methods, except URL, are not safe for concurrent use.
type Private struct{ instance *instance }

// StartPrivate creates a Postgres in a temporary directory and blocks until it
// accepts connections. The caller must Close it. If the process ends without
// that, the server is stopped and its directory removed all the same.
func StartPrivate() (*Private, error) {
	p, err := newInstance()
	if err != nil {
		return nil, err
	}
	return &Private{instance: p}, nil
}

// URL returns the URL of the database. It stays the same after a restart.
func (p *Private) URL() string { return p.instance.url("postgres") }

// Kill sends SIGKILL to each of the server's processes and waits until the server
// has ended. The data stay.
func (p *Private) Kill() error {
	if err := p.instance.signalAll(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.instance.exited
	p.instance.server = nil
	return nil
}

// Start starts a server that was killed, and blocks until it accepts connections.
func (p *Private) Start() error { return p.instance.start() }

// Signal sends a signal to each of the server's processes.
func (p *Private) Signal(signal syscall.Signal) error { return p.instance.signalAll(signal) }

// Close stops the server and removes its directory.
func (p *Private) Close() { p.instance.close() }
