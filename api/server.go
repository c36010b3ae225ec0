// Package api is Interplexer over HTTP: it binds requests, calls the domain
// and writes answers. What is asked of it is described in openapi.yaml.
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

// Sessions is what the API does with sessions as a whole.
type Sessions interface {
	Create(ctx context.Context, p session.Principal, o session.CreateOptions) (session.Session, error)
	Get(ctx context.Context, p session.Principal, id int64) (session.Session, error)
	List(ctx context.Context, p session.Principal) ([]session.Session, error)
	End(ctx context.Context, p session.Principal, id int64) error
	Feed(ctx context.Context, p session.Principal) (*session.Feed, error)
}

// Panes is what the API does with what is inside a session.
type Panes interface {
	Screen(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (session.Snapshot, error)
	Lines(ctx context.Context, p session.Principal, id int64, o session.LinesOptions, each func([]byte) error) error
	View(ctx context.Context, p session.Principal, id int64, pane string) (*session.Viewer, error)
	Send(ctx context.Context, p session.Principal, id int64, in session.Input) error
	Resize(ctx context.Context, p session.Principal, id int64, width, height int) error
}

// Records is what the API does with what is written down of sessions.
type Records interface {
	Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error)
	Edit(ctx context.Context, p session.Principal, id int64, e session.Edit) (session.Session, error)
}

// Answers is what the API does to carry out a request once.
type Answers interface {
	BeginAnswer(ctx context.Context, p session.Principal, key string, request [32]byte) (*session.Answer, error)
	EndAnswer(ctx context.Context, p session.Principal, key string, a *session.Answer) error
}

// Captures is what it does with the forms of a pane's screen.
type Captures interface {
	ViewAs(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (*session.Viewer, error)
}

// Runs is what the API does with commands in a session's shell.
type Runs interface {
	RunCommand(ctx context.Context, p session.Principal, id int64, o session.RunOptions) (session.RunResult, error)
	Exec(ctx context.Context, p session.Principal, o session.ExecOptions) (session.RunResult, error)
	AwaitRun(ctx context.Context, p session.Principal, id int64, run string, timeout time.Duration) (session.RunResult, error)
}

// Waits is what the API waits for.
type Waits interface {
	Wait(ctx context.Context, p session.Principal, id int64, o session.WaitOptions) (session.Waited, error)
}

// Registry is all of them; *session.Registry is one.
type Registry interface {
	Sessions
	Records
	Answers
	Panes
	Captures
	Windows
	Layout
	Runs
	Waits
}

// Authenticator tells who a token belongs to; *session.Accounts is one.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (session.Principal, error)
}

// Options of a Server. Registry and Accounts are required.
type Options struct {
	Registry Registry
	Accounts Authenticator
	Logger   *slog.Logger

	// AllowedHosts are names by which clients may call the service, besides
	// IP addresses, localhost and this machine's own name; "*" allows any.
	AllowedHosts []string
	// Ready tells whether tmux and the store both answer; nil: always.
	Ready func(context.Context) error
	// Stats are shown in the metrics; nil: none.
	Stats func() session.Stats
	// Version is shown in the metrics.
	Version string
	// Metrics gets the server's, the process's and Go's collectors and is
	// served at /metrics; nil: one of its own.
	Metrics *prometheus.Registry

	MaxBody        int64         // of a request, in bytes; default 4 MiB
	RequestTimeout time.Duration // bound of one call to the domain; default 30 s
	StuckTime      time.Duration // that a stream's client may leave it unread; default 30 s
	ScreenInterval time.Duration // least time between two screen events of a stream; default 16 ms
}

// Server answers HTTP requests.
type Server struct {
	options   Options
	logger    *slog.Logger
	hosts     hosts
	origins   *http.CrossOriginProtection
	ids       requestIDs
	metrics   metrics
	readiness singleflight.Group
	engine    *gin.Engine
	// running is done when the server stops: held requests end then.
	running context.Context
	stop    context.CancelFunc
	// attached are the WebSockets, which http.Server does not know of.
	attached sync.WaitGroup
}

// New builds the router.
func New(o Options) *Server {
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

// Handler answers every request, panics included.
func (s *Server) Handler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		s.engine.ServeHTTP(&exchange{ResponseWriter: w}, r)
	})
}

// HTTPServer is a server for Handler with every limit set. A body and its
// answer have to fit in ReadTimeout and WriteTimeout. Its Shutdown ends what is
// held, but does not wait for WebSockets: call Drain after it.
func (s *Server) HTTPServer(addr string) *http.Server {
	server := &http.Server{
		Addr:              addr,
		Handler:           s.Handler(),
		ReadHeaderTimeout: 30 * time.Second, // that of the whole: one deadline less to set
		ReadTimeout:       30 * time.Second,
		WriteTimeout:      90 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		ErrorLog:          slog.NewLogLogger(s.logger.Handler(), slog.LevelWarn),
	}
	server.RegisterOnShutdown(s.stop)
	return server
}

// Drain waits until the WebSockets have ended, after the Shutdown of HTTPServer
// has told them to, or until ctx is done.
func (s *Server) Drain(ctx context.Context) error {
	ended := make(chan struct{})
	go func() {
		s.attached.Wait()
		close(ended)
	}()
	select {
	case <-ended:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
