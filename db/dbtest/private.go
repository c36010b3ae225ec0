package dbtest

import "syscall"

// Private is a Postgres of one program's own, for those that are no tests. Its
// methods are not safe for concurrent use, URL is.
type Private struct{ instance *instance }

// StartPrivate makes a cluster in a folder of its own and starts it. It does
// not outlive the process; Close removes it before.
func StartPrivate() (*Private, error) {
	p, err := newInstance()
	if err != nil {
		return nil, err
	}
	return &Private{instance: p}, nil
}

// URL is the address of the database, the same for the server's whole life.
func (p *Private) URL() string { return p.instance.url("postgres") }

// Kill ends all of the server's processes with SIGKILL; the data stay.
func (p *Private) Kill() error {
	if err := p.instance.signalAll(syscall.SIGKILL); err != nil {
		return err
	}
	<-p.instance.exited
	p.instance.server = nil
	return nil
}

// Start starts a server that was killed.
func (p *Private) Start() error { return p.instance.start() }

// Signal sends a signal to each of the server's processes.
func (p *Private) Signal(signal syscall.Signal) error { return p.instance.signalAll(signal) }

// Close stops the server and removes everything.
func (p *Private) Close() { p.instance.close() }
