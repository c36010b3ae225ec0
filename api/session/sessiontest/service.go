// Package sessiontest is the harness of tests above controlmode and db: all rooms of
// the domain, wired as cmd/interplexer does it, on a real tmux server and a real
// store of their own.
package sessiontest

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/access"
	"interplexer/api/idempotency"
	"interplexer/api/session"
	"interplexer/api/session/expect"
	"interplexer/api/session/registry"
	"interplexer/api/session/shellrun"
	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
	"interplexer/db"
)

// Options of a Service; the zero value works.
type Options struct {
	Registry registry.Options               // Server becomes the tmux server's socket
	Tmux     controlmode.ServerOptions      // SocketName becomes one of its own
	Store    func(*db.Store) registry.Store // wraps the store for the registry; nil: it gets the store itself
}

// Service is the domain on a tmux server and a store of its own.
type Service struct {
	*registry.Registry
	Waits    *expect.Waiter
	Runs     *shellrun.Runner
	Keys     *idempotency.Keys
	Accounts *access.Accounts

	Store  *db.Store
	Tmux   *controlmode.Server
	Socket string // of the tmux server, as in tmux -L

	t    testing.TB
	opts Options
}

// New makes a Service whose rows and tmux agree. Nothing runs in the background before Run
// is called. The tmux server ends with the test.
func New(t testing.TB, store *db.Store, o Options) *Service {
	t.Helper()
	s := &Service{Store: store, Socket: controltest.SocketName(t), t: t, opts: o}
	o.Tmux.SocketName = s.Socket
	s.Tmux = controltest.Start(t, o.Tmux)
	s.Accounts = access.New(store, access.Options{})
	s.Restart()
	return s
}

// Start is New and Run.
func Start(t testing.TB, store *db.Store, o Options) *Service {
	t.Helper()
	s := New(t, store, o)
	s.Run()
	return s
}

// Restart replaces the registry by one without records, as after a crash, and reconciles. The
// Service must not be running.
func (s *Service) Restart() {
	s.t.Helper()
	var store registry.Store = s.Store
	if s.opts.Store != nil {
		store = s.opts.Store(s.Store)
	}
	o := s.opts.Registry
	o.Server = s.Socket
	s.Registry = registry.New(store, s.Tmux, o)
	s.Waits = expect.New(s.Registry, nil)
	s.Runs = shellrun.New(s.Registry, shellrun.Options{})
	s.OnEnd(s.Runs.Forget)
	s.Keys = idempotency.New(s.Store, idempotency.Options{Server: s.Socket})
	require.NoError(s.t, s.Reconcile(s.t.Context()))
}

// Run keeps all rooms running until the test's end.
func (s *Service) Run() {
	s.t.Helper()
	rooms := []func(context.Context) error{s.Registry.Run, s.Runs.Run, s.Keys.Run, s.Accounts.Run}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, len(rooms))
	for _, run := range rooms {
		go func() { ended <- run(ctx) }()
	}
	s.t.Cleanup(func() {
		cancel()
		for range rooms {
			if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
				s.t.Errorf("a room of the domain has ended: %v", err)
			}
		}
	})
}

// User makes a user.
func (s *Service) User(name string, admin bool) session.Principal {
	s.t.Helper()
	u, err := s.Store.CreateUser(s.t.Context(), name, admin)
	require.NoError(s.t, err)
	return session.Principal{UserID: u.ID, User: u.Name, Admin: admin}
}

// Token makes a token for a user.
func (s *Service) Token(p session.Principal) string {
	s.t.Helper()
	plain, hash := access.NewToken()
	_, err := s.Store.CreateToken(s.t.Context(), db.NewToken{UserID: p.UserID, Hash: hash})
	require.NoError(s.t, err)
	return plain
}
