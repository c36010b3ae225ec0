package api

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/sync/singleflight"

	"interplexer/api/session"
)

// Options configures a Server. Registry and Accounts are required.
type Options struct {
	Registry Registry
	Runs     Runs
	Waits    Waits
	Keys     Keys
	Accounts Authenticator
	Logger   *slog.Logger

	// AllowedHosts are the names by which clients may call the service, besides
	// IP addresses, localhost and this machine's own name. "*" allows any name.
	AllowedHosts []string
	// Ready returns nil if tmux and the store both answer. A nil func is always
	// ready.
	Ready func(context.Context) error
	// Stats returns the counts for the metrics; nil leaves them out.
	Stats func() session.Stats
	// Version is the version in the metrics.
	Version string
	// Metrics is served at /metrics. New registers the server's, the process's
	// and Go's collectors with it. If nil, New makes a registry.
	Metrics *prometheus.Registry

	MaxBody        int64         // of a request, in bytes; default 4 MiB
	RequestTimeout time.Duration // for one call to the domain; default 30 s
	StuckTime      time.Duration // after which a stream ends that its client does not read; default 30 s
	ScreenInterval time.Duration // minimum between two screen events of a stream; default 16 ms
}

// Server answers HTTP requests. New makes one.
type Server struct {
	options   Options
	logger    *slog.Logger
	hosts     hosts
	origins   *http.CrossOriginProtection
	ids       requestIDs
	metrics   metrics
	readiness singleflight.Group
	engine    *gin.Engine
	// running is cancelled by stop when the server shuts down. Held requests
	// end then.
	running context.Context
	stop    context.CancelFunc
	// background counts what http.Server does not wait for: WebSockets and the
	// readiness check, which outlives a request.
	background tasks
}

// New makes a Server. It starts no goroutines and does no I/O.
func New(o Options) *Server {
	o = o.withDefaults()
	s := &Server{
		options: o,
		logger:  o.Logger,
		hosts:   newHosts(o.AllowedHosts),
		origins: http.NewCrossOriginProtection(),
		ids:     newRequestIDs(),
		metrics: newMetrics(o.Metrics, o.Version, o.Stats),
	}
	s.running, s.stop = context.WithCancel(context.Background())
	s.engine = s.router()
	return s
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Ready == nil {
		o.Ready = func(context.Context) error { return nil }
	}
	if o.Metrics == nil {
		o.Metrics = prometheus.NewRegistry()
	}
	if o.MaxBody <= 0 {
		o.MaxBody = 4 << 20
	}
	if o.StuckTime <= 0 {
		o.StuckTime = 30 * time.Second
	}
	if o.ScreenInterval <= 0 {
		o.ScreenInterval = 16 * time.Millisecond
	}
	if o.RequestTimeout <= 0 {
		o.RequestTimeout = 30 * time.Second
	}
	return o
}

// Handler answers every request. If a handler panics, it answers with a problem.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.engine.ServeHTTP(&requestState{ResponseWriter: w}, r)
	})
}

// HTTPServer returns a server for Handler with every limit set. A request body
// must arrive within ReadTimeout, a response must leave within WriteTimeout.
// Its Shutdown ends held requests, but does not wait for WebSockets: call Drain
// after it.
func (s *Server) HTTPServer(addr string) *http.Server {
	server := &http.Server{
		Addr:              addr,
		Handler:           s.Handler(),
		ReadHeaderTimeout: 30 * time.Second, // equal to ReadTimeout: one deadline less to set
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(s.stop)
	return server
}

// Drain waits until all WebSockets have ended, or until ctx is done; it returns
// ctx's error then. The Shutdown of HTTPServer asks them to end: call it first.
func (s *Server) Drain(ctx context.Context) error {
	select {
	case <-s.background.idle():
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// tasks counts running tasks. It differs from a sync.WaitGroup in that a wait
// for it can be given up.
type tasks struct {
	mu    sync.Mutex // guards the rest
	count int
	none  chan struct{} // closed when count falls to 0; nil while it has never been above
}

func (t *tasks) add() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count == 0 {
		t.none = make(chan struct{})
	}
	t.count++
}

func (t *tasks) done() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.count--; t.count == 0 {
		close(t.none)
	}
}

// idle returns a channel that is closed once no task runs.
func (t *tasks) idle() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.none == nil {
		return closedChannel
	}
	return t.none
}

// closedChannel is always ready.
var closedChannel = func() chan struct{} { c := make(chan struct{}); close(c); return c }()
