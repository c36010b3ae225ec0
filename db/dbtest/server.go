package dbtest

import (
	"syscall"
	"testing"
)

// Server is a Postgres of one test's own, for faults.
type Server struct {
	t        testing.TB
	instance *instance
}

// NewServer starts a Postgres, which is removed at the test's end.
func NewServer(t testing.TB) *Server {
	t.Helper()
	pristine, err := pristine()
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	p, err := startInstance(func(p *instance) error { return p.initialiseFrom(pristine) })
	if err != nil {
		t.Fatalf("dbtest: %v", err)
	}
	t.Cleanup(p.close)
	return &Server{t: t, instance: p}
}

// URL is the address of the database, the same for the server's whole life.
func (s *Server) URL() string { return s.instance.url("postgres") }

// Exec runs a statement over a connection of its own.
func (s *Server) Exec(query string) {
	s.t.Helper()
	s.check(s.instance.exec("postgres", query))
}

// Stop shuts the server down and breaks its connections; the data stay.
func (s *Server) Stop() {
	s.t.Helper()
	s.check(s.instance.stop())
}

// Start starts a server that was stopped.
func (s *Server) Start() {
	s.t.Helper()
	s.check(s.instance.start())
}

// Restart is Stop and Start.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.Start()
}

// Signal sends a signal to the postmaster and to each of its backends: SIGSTOP
// makes a server that accepts connections (the kernel does) and says nothing,
// SIGCONT wakes it.
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
