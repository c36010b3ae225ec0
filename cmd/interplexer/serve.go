package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"syscall"

	"github.com/spf13/cobra"

	"interplexer/api"
	"interplexer/api/session"
	"interplexer/controlmode"
	"interplexer/db"
)

const serveHelp = `Serves until it is interrupted (SIGINT or SIGTERM), then finishes the requests
in flight; a second signal ends it at once. The tmux sessions live on, and the
next start finds them.

It runs a tmux server of its own, apart from yours: 'tmux -L interplexer list-sessions'
shows what is in it. Every user of this service gets shells of the OS user that
runs it.`

const serveExamples = `  interplexer serve
  interplexer serve --listen 127.0.0.1:9000 --data-dir ~/interplexer
  INTERPLEXER_DATABASE_URL=postgres://me@localhost/interplexer interplexer serve
  interplexer serve --listen :8420 --tls-cert cert.pem --tls-key key.pem --allowed-hosts box.example.org`

func newServe(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Serve tmux sessions over HTTP",
		Long:    serveHelp,
		Example: serveExamples,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := s.check(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// With the handler gone a second signal does what it does by default.
			context.AfterFunc(ctx, stop)
			err := s.serve(ctx, cmd.OutOrStdout(), s.newLogger(cmd.ErrOrStderr()))
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil // stopped before it had started
			}
			return err
		},
	}
	s.addFlags(cmd, (*settings).serveFlags)
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

// serve builds the service from the store up and takes it down again when ctx
// is done.
func (s *settings) serve(ctx context.Context, out io.Writer, logger *slog.Logger) (err error) {
	where, err := s.newEndpoint()
	if err != nil {
		return err
	}
	s.warn(logger)
	defer runtime.KeepAlive(relaxCollector())
	store, err := s.openStore(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()

	tmux, err := s.startTmux(ctx, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, tmux.Close()) }()

	svc := s.newService(store, tmux, logger)
	if err := svc.registry.Reconcile(ctx); err != nil {
		return fmt.Errorf("cannot bring the store and tmux together: %w", err)
	}
	listener, err := where.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := s.welcome(ctx, out, store, where.url(listener)); err != nil {
		return err
	}
	logger.Info("serving", "url", where.url(listener), "store", store.Dialect(), "tmux_socket", s.TmuxSocket)
	return svc.run(ctx, listener)
}

// relaxCollector trades memory for time: a server of polls makes much garbage
// over a live heap of a few MB, and the collector would run many times a
// second. GOGC overrides it. As long as the floor is kept alive, the collector
// counts it as well; nothing is ever written there, so it takes no memory.
func relaxCollector() (floor []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(150)
	return make([]byte, 8<<20)
}

// warn says what the settings and the user mean for security.
func (s *settings) warn(logger *slog.Logger) {
	if os.Geteuid() == 0 {
		logger.Warn("running as root: every user of this service gets a root shell; run it as a user of its own")
	}
	if s.InsecureListen && s.TLSCert == "" {
		logger.Warn("insecure-listen: without TLS in front, everybody on the way can read the tokens", "listen", s.Listen)
	}
}

func (s *settings) startTmux(ctx context.Context, logger *slog.Logger) (*controlmode.Server, error) {
	tmux := controlmode.NewServer(controlmode.ServerOptions{
		Binary:       s.Tmux,
		SocketName:   s.TmuxSocket,
		ConfigFile:   s.TmuxConfig,
		HistoryLimit: s.HistoryLimit,
		Logger:       logger,
	})
	err := tmux.Start(ctx)
	var version *controlmode.VersionError
	switch {
	case err == nil:
		return tmux, nil
	case errors.Is(err, controlmode.ErrTmuxNotFound):
		return nil, fmt.Errorf("there is no tmux to run as %q: install tmux %s or later, or name it with --tmux",
			s.Tmux, controlmode.MinimumVersion.Text)
	case errors.As(err, &version):
		return nil, fmt.Errorf("%s is tmux %s, which is too old: %s or later is needed; name another one with --tmux",
			s.Tmux, version.Found, version.Minimum)
	case errors.Is(err, controlmode.ErrLocked):
		return nil, fmt.Errorf("another interplexer serves the tmux socket %q: stop it, or choose another with --tmux-socket",
			s.TmuxSocket)
	}
	return nil, fmt.Errorf("cannot start tmux: %w", err)
}

func (s *settings) newService(store *db.Store, tmux *controlmode.Server, logger *slog.Logger) *service {
	registry := session.NewRegistry(store, tmux, session.Options{
		Server: s.serverName(store.Dialect()),
		Quota:  s.MaxSessions,
		Held:   s.MaxHeld,
		Live:   s.live(),
		Logger: logger,
	})
	accounts := session.NewAccounts(store, session.AccountsOptions{Logger: logger})
	server := api.New(api.Options{
		Registry:     registry,
		Accounts:     accounts,
		Logger:       logger,
		AllowedHosts: s.AllowedHosts,
		Version:      version(),
		Ready:        registry.Ready,
		Stats:        registry.Stats,
	})
	return &service{
		registry: registry,
		accounts: accounts,
		http:     server.HTTPServer(s.Listen),
		attached: server.Drain,
		grace:    s.Shutdown,
		logger:   logger,
	}
}

// live are the settings of the live screens; where 0 means never or at once to
// a user, it means the default there.
func (s *settings) live() session.LiveOptions {
	o := session.LiveOptions{Idle: s.WatchIdle, Interval: max(s.ScreenInterval, 1), Cache: s.ScreenCache}
	if o.Idle == 0 {
		o.Idle = -1
	}
	return o
}

// serverName is what the rows of this tmux server are kept under: machines
// that share one Postgres may each have a tmux server of that socket name.
func (s *settings) serverName(dialect string) string {
	if host, err := os.Hostname(); err == nil && dialect == db.Postgres {
		return host + "/" + s.TmuxSocket
	}
	return s.TmuxSocket
}

// welcome makes the first user of an embedded store and prints how to go on.
func (s *settings) welcome(ctx context.Context, out io.Writer, store *db.Store, url string) error {
	path, err := filepath.Abs(filepath.Join(s.DataDir, tokenFile))
	if err != nil {
		return err
	}
	if store.Dialect() == db.SQLite {
		if err := makeFirstUser(ctx, store, path); err != nil {
			return fmt.Errorf("cannot make the first user: %w", err)
		}
	}
	next, err := s.howToCall(ctx, store, path, url)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Interplexer serves %s\n%s", url, next)
	return err
}
