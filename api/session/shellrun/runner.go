package shellrun

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/live"
)

// Sessions is the part of the registry that a run needs; *registry.Registry is one.
type Sessions interface {
	View(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, error)
	Send(ctx context.Context, p session.Principal, id int64, in session.Input) error
	Create(ctx context.Context, p session.Principal, o session.CreateOptions) (session.Session, error)
	End(ctx context.Context, p session.Principal, id int64) error
}

// Options of a Runner; the zero value works.
type Options struct {
	Logger *slog.Logger     // nil: no logging
	Now    func() time.Time // nil: time.Now
}

// Runner runs commands. It is safe for concurrent use. Call Run.
type Runner struct {
	sessions Sessions
	log      *slog.Logger
	now      func() time.Time
	runs     runs

	base       context.Context // of the goroutines that follow runs
	cancel     context.CancelFunc
	mu         sync.Mutex // guards closed
	closed     bool       // no goroutine starts any more
	goroutines sync.WaitGroup
}

// New makes a Runner. Its runs are followed until Run ends.
func New(sessions Sessions, o Options) *Runner {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	r := &Runner{sessions: sessions, log: o.Logger, now: o.Now}
	r.base, r.cancel = context.WithCancel(context.Background())
	return r
}

// Run waits until ctx is done, stops following the runs, whose commands go on, and
// returns ctx's error when every goroutine has ended.
func (r *Runner) Run(ctx context.Context) error {
	<-ctx.Done()
	r.mu.Lock()
	r.closed = true
	r.mu.Unlock()
	r.cancel()
	r.goroutines.Wait()
	return ctx.Err()
}

// goFollow runs f in a goroutine that Run waits for. It reports false after the end
// of Run.
func (r *Runner) goFollow(f func(context.Context)) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return false
	}
	r.goroutines.Go(func() { f(r.base) })
	return true
}

// RunCommand types a command into the shell of a pane of the caller's session. It blocks
// until the command has ended, and returns its output. If the time is up or the caller
// leaves, the run goes on, and AwaitRun waits for it again. RunCommand fails as registry's
// Send does; with ErrNoShell, ErrShellBusy and ErrRunning before anything is typed; and
// with ErrRunTimeout.
func (r *Runner) RunCommand(ctx context.Context, p session.Principal, id int64, o session.RunOptions) (session.RunResult, error) {
	if err := o.Check(); err != nil {
		return session.RunResult{}, err
	}
	timeout, cancel := context.WithTimeout(ctx, o.Timeout)
	defer cancel()
	ctx, stop := context.WithTimeout(ctx, startTime)
	defer stop()
	x, err := r.startInShell(ctx, p, id, o)
	if err != nil {
		return session.RunResult{}, err
	}
	return x.await(timeout)
}

// AwaitRun blocks until a run is over, and returns its result. A result is kept for some
// minutes (see keptFor). AwaitRun fails with ErrNotFound when there is no such run, and
// with ErrRunTimeout.
func (r *Runner) AwaitRun(ctx context.Context, p session.Principal, id int64, run string, timeout time.Duration) (session.RunResult, error) {
	x := r.runs.find(id, run, r.now())
	if x == nil || x.user != p.UserID {
		return session.RunResult{}, session.ErrNotFound
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return x.await(ctx)
}

// Forget drops the runs of a session that was deleted. It keeps the results of Exec,
// which deletes its session itself.
func (r *Runner) Forget(sessionID int64) { r.runs.forget(sessionID) }
