package dbtest

import (
	"syscall"
	"testing"
)

// Server is a Postgres for one test alone, which may stop, signal and restart it. A
// failure of a method fails the test.
type Server struct {
	t        testing.TB
	instance *instance
}

// NewServer starts a Postgres and blocks until it accepts connections. It is
// removed at the test's end.
func NewServer(t testing.TB) *Server {
	t.Helper()
	template, err := template()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	p, err := startInstance(func(p *instance) error { return p.copyFrom(template) })
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(p.close)
	return &Server{t: t, instance: p}
}

// URL returns the URL of the database. It stays the same after a restart.
func (s *Server) URL() string { return s.instance.url("postgres") }

// Exec runs statements on a connection of its own.
func (s *Server) Exec(query string) {
	s.t.Helper()
	s.check(s.instance.exec("postgres", query))
}

// Stop ends the server at once and breaks its connections. The data stay.
func (s *Server) Stop() {
	s.t.Helper()
	s.check(s.instance.stop())
}

// Start starts a server that was stopped.
func (s *Server) Start() {
	s.t.Helper()
	s.check(s.instance.start())
}

// Restart calls Stop and Start.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Signal sends a signal to the postmaster and to each of its backends. After
// SIGSTOP the kernel still accepts connections for the server, which does not
// answer. SIGCONT resumes it.
func (s *Server) Signal(signal syscall.Signal) {
	s.t.Helper()
	s.check(s.instance.signalAll(signal))
}

func (s *Server) check(err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("dbtest: %v", err)
	}
}
