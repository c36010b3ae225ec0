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
	"interplexer/api/access"
	"interplexer/api/idempotency"
	"interplexer/api/session/expect"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
	"interplexer/api/session/shellrun"
	"interplexer/controlmode"
	"interplexer/db"
)

const serveHelp = `Serves until SIGINT or SIGTERM, then finishes the requests in flight. A second
signal ends the service at once. The tmux sessions keep running, and the next start finds
them.

The service has a tmux server of its own, apart from yours. List its sessions with
'tmux -L interplexer list-sessions'. Every user of the service gets shells of the
OS user that runs it.`

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
			if err := s.validate(); err != nil {
				return err
			}
			ctx, stop := signal.NotifyContext(cmd.Context(), os.Interrupt, syscall.SIGTERM)
			defer stop()
			// Without the handler, a second signal ends the process.
			context.AfterFunc(ctx, stop)
			err := s.serve(ctx, cmd.OutOrStdout(), s.newLogger(cmd.ErrOrStderr()))
			if ctx.Err() != nil && errors.Is(err, context.Canceled) {
				return nil // a signal came during the start
			}
			return err
		},
	}
	s.addFlags(cmd, (*settings).serveFlags)
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

// serve starts the store, tmux, and the HTTP server, in that order, and runs them
// until ctx is done. It stops them in the reverse order.
func (s *settings) serve(ctx context.Context, out io.Writer, logger *slog.Logger) (err error) {
	endpoint, err := s.newEndpoint()
	if err != nil {
		return err
	}
	s.logWarnings(logger)
	defer runtime.KeepAlive(tuneGC())
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

	d := s.newDaemon(store, tmux, logger)
	if err := d.registry.Reconcile(ctx); err != nil {
		return fmt.Errorf("cannot reconcile the store with tmux: %w", err)
	}
	listener, err := endpoint.listen()
	if err != nil {
		return err
	}
	defer listener.Close()
	if err := s.printWelcome(ctx, out, store, endpoint.url(listener)); err != nil {
		return err
	}
	logger.Info("serving", "url", endpoint.url(listener), "store", store.Dialect(), "tmux_socket", s.TmuxSocket)
	return d.run(ctx, listener)
}

// tuneGC makes the garbage collector run less often, for more memory. Polls make
// much garbage over a live heap of a few MB, and the collector would run many
// times a second. GOGC overrides it.
//
// The caller keeps the ballast alive. The collector counts it as live heap, but
// nobody writes to it, so it takes no memory.
//
// Without both a poll takes 1.21 times the processor time, without the ballast 1.10
// times (20.2 and 18.2 µs instead of 16.6, medians of 9 runs by turns).
func tuneGC() (ballast []byte) {
	if os.Getenv("GOGC") != "" {
		return nil
	}
	debug.SetGCPercent(150)
	return make([]byte, 8<<20)
}

// logWarnings logs the security risks of the settings and of the OS user.
func (s *settings) logWarnings(logger *slog.Logger) {
	if os.Geteuid() == 0 {
		logger.Warn("running as root: every user of this service gets a root shell; run it as an OS user of its own")
	}
	if s.InsecureListen && s.TLSCert == "" {
		logger.Warn("insecure-listen: without TLS in front, anybody on the network path can read the tokens", "listen", s.Listen)
	}
}

// startTmux starts the tmux server, or connects to the one that a service before
// left running. The caller closes it; that leaves tmux running.
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

// newDaemon wires the parts of the service together. It starts nothing.
func (s *settings) newDaemon(store *db.Store, tmux *controlmode.Server, logger *slog.Logger) *daemon {
	registry := registry.New(store, tmux, registry.Options{
		Server: s.serverName(store.Dialect()),
		Quota:  s.MaxSessions,
		Held:   s.MaxHeld,
		Live:   s.liveOptions(),
		Logger: logger,
	})
	runs := shellrun.New(registry, shellrun.Options{Logger: logger})
	registry.OnEnd(runs.Forget)
	keys := idempotency.New(store, idempotency.Options{Server: s.serverName(store.Dialect()), Logger: logger})
	accounts := access.New(store, access.Options{Logger: logger})
	server := api.New(api.Options{
		Registry:     registry,
		Runs:         runs,
		Waits:        expect.New(registry, nil),
		Keys:         keys,
		Accounts:     accounts,
		Logger:       logger,
		AllowedHosts: s.AllowedHosts,
		Version:      version(),
		Ready:        registry.Ready,
		Stats:        registry.Stats,
	})
	return &daemon{
		registry:        registry,
		rooms:           []room{registry, runs, keys, accounts},
		http:            server.HTTPServer(s.Listen),
		drainWebSockets: server.Drain,
		shutdownTimeout: s.Shutdown,
		logger:          logger,
	}
}

// liveOptions returns the options of the live screens. A WatchIdle of 0 means
// never to the user, and a ScreenInterval of 0 at once; in live.Options, 0 means the
// default.
func (s *settings) liveOptions() live.Options {
	o := live.Options{Idle: s.WatchIdle, Interval: max(s.ScreenInterval, 1), Cache: s.ScreenCache}
	if o.Idle == 0 {
		o.Idle = -1
	}
	return o
}

// serverName returns the name of this tmux server in the store. On Postgres it
// includes the host: several machines that share the database may each have a
// tmux server with the same socket name.
func (s *settings) serverName(dialect string) string {
	if host, err := os.Hostname(); err == nil && dialect == db.Postgres {
		return host + "/" + s.TmuxSocket
	}
	return s.TmuxSocket
}

// printWelcome creates the first user of a new SQLite store, and prints the URL
// and the next step.
func (s *settings) printWelcome(ctx context.Context, out io.Writer, store *db.Store, url string) error {
	path, err := filepath.Abs(filepath.Join(s.DataDir, tokenFile))
	if err != nil {
		return err
	}
	if store.Dialect() == db.SQLite {
		if err := createFirstUser(ctx, store, path); err != nil {
			return fmt.Errorf("cannot create the first user: %w", err)
		}
	}
	next, err := s.nextStep(ctx, store, path, url)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "Interplexer serves %s\n%s", url, next)
	return err
}
