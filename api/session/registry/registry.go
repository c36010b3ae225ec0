package registry

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/api/session"
	"interplexer/api/session/flight"
	"interplexer/api/session/live"
	"interplexer/api/session/tmux"
	"interplexer/controlmode"
	"interplexer/db"
)

// Rows is the part of the store for sessions that the Registry made.
type Rows interface {
	CreateSession(ctx context.Context, n db.NewSession) (db.Session, error)
	StartSession(ctx context.Context, id int64, server, serverIdentity, tmuxID string, at time.Time) (db.Session, error)
	SetSessionStatus(ctx context.Context, id int64, status string, at time.Time) (db.Session, error)
	DeleteSession(ctx context.Context, id int64) error
	SessionsOnServer(ctx context.Context, server string) ([]db.Session, error)
}

// Adoptions is the part of the store for sessions whose row was lost.
type Adoptions interface {
	SessionByUID(ctx context.Context, uid string) (db.Session, error)
	UserByName(ctx context.Context, name string) (db.User, error)
	AdoptSession(ctx context.Context, s db.Session) (db.Session, error)
}

// RowEdits is the part of the store that changes a session's name and settings.
type RowEdits interface {
	EditSession(ctx context.Context, id int64, e db.SessionEdit, at time.Time) (db.Session, error)
}

// Store keeps the sessions; *db.Store is one.
type Store interface {
	Rows
	RowEdits
	Adoptions
	Ping(ctx context.Context) error
}

// Tmux is the tmux server that the sessions live on; *controlmode.Server is one.
type Tmux interface {
	live.Tmux
	Subscribe(size int) *controlmode.Subscription
	State() controlmode.State
	Connects() int
	Changes(ctx context.Context) uint64
}

// Options are a Registry's settings.
type Options struct {
	// Server is the name under which this tmux server's rows are kept. No two
	// tmux servers may share one in the same store.
	Server string
	// Quota bounds one user's live sessions; 0 means no limit.
	Quota int
	// Held bounds one user's long-polls and streams at a time; 0: no limit.
	Held int
	// Live are the settings of the live screens. New sets its Logger and Now to the ones
	// below.
	Live live.Options
	// SearchPath lists the folders of commands without a slash; default $PATH.
	SearchPath string
	Logger     *slog.Logger     // nil: no logging
	Now        func() time.Time // nil: time.Now
	NewUID     func() string    // 32 hexadecimal digits, never the same twice; nil: random
}

// Registry knows who owns which session, and is the only way to reach one. It is safe
// for concurrent use.
type Registry struct {
	store   Store
	tmux    Tmux
	opts    Options
	log     *slog.Logger
	records *records
	live    *live.Screens
	lists   flight.Call[paneList]
	list    atomic.Pointer[paneList] // the newest
	// listGeneration is incremented when the newest list is known to be outdated. A
	// list of an older generation is not used again.
	listGeneration atomic.Uint64
	held           heldRequests
	backlog        backlogs
	edits          keyedMutex     // by session id: one edit at a time
	onEnd          func(id int64) // see OnEnd
	// reconcileRequest asks Run to reconcile, since a change could not be written to
	// the store. It holds one request.
	reconcileRequest chan struct{}

	reconciling sync.Mutex           // held by one reconciliation at a time
	warned      map[tmuxSession]bool // sessions that were left alone and logged; guarded by reconciling
}

// New makes a Registry. Call Reconcile before use, and Run.
func New(store Store, server Tmux, o Options) *Registry {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewUID == nil {
		o.NewUID = session.RandomID
	}
	if o.SearchPath == "" {
		o.SearchPath = os.Getenv("PATH")
	}
	o.Live.Logger, o.Live.Now = o.Logger, o.Now
	r := &Registry{
		store: store, tmux: server, opts: o, log: o.Logger, records: newRecords(), onEnd: func(int64) {},
		reconcileRequest: make(chan struct{}, 1), warned: map[tmuxSession]bool{},
	}
	r.live = live.New(server, o.Live, r.explainCapture)
	return r
}

// OnEnd sets a function that is called with the id of each session that End has deleted.
// Call OnEnd once, before use.
func (r *Registry) OnEnd(f func(id int64)) { r.onEnd = f }

// Get returns one session of the caller's, or ErrNotFound.
func (r *Registry) Get(ctx context.Context, p session.Principal, id int64) (session.Session, error) {
	rec, err := r.records.find(p, id)
	if err != nil {
		return session.Session{}, err
	}
	if rec.status() != session.Running {
		return rec.session(nil), nil
	}
	ctx, cancel := tmux.Context(ctx)
	defer cancel()
	one, err := r.describe(ctx, rec)
	if err == nil || !errors.Is(err, session.ErrEnded) {
		return one, err
	}
	if rec, err = r.records.find(p, id); err != nil {
		return session.Session{}, err // deleted meanwhile
	}
	return rec.session(nil), nil
}

// Stats returns the current figures.
func (r *Registry) Stats() session.Stats {
	return session.Stats{
		Held: r.held.total(), Watched: r.live.Watched(),
		Captures: r.live.Captures(), Hits: r.live.Hits(),
		Tmux: r.tmux.State().String(), Connects: r.tmux.Connects(),
	}
}

// running returns the caller's record if its session runs. It fails with ErrNotFound,
// ErrNotRunning or an *EndedError.
func (r *Registry) running(p session.Principal, id int64) (*record, error) {
	rec, err := r.records.find(p, id)
	switch {
	case err != nil:
		return nil, err
	case rec.status() == session.Starting:
		return nil, session.ErrNotRunning
	case rec.status().Ended():
		return nil, &session.EndedError{Status: rec.status()}
	}
	return rec, nil
}

// markEnded notes that a running record's session is gone: in memory at once, and in the
// store by the next reconciliation. It returns the newest record.
func (r *Registry) markEnded(rec *record, status session.Status) *record {
	now, changed := r.records.setEnded(rec, status)
	if changed {
		r.reconcileSoon()
	}
	r.forgetRunning(rec.row.ID)
	return now
}

// forgetRunning drops the state that is kept for a session only while it runs.
func (r *Registry) forgetRunning(id int64) {
	r.live.Forget(id)
	r.backlog.forget(id)
}

// reconcileSoon asks Run to reconcile. It does not block.
func (r *Registry) reconcileSoon() {
	select {
	case r.reconcileRequest <- struct{}{}:
	default: // asked already
	}
}
