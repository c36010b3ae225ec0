package session

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode"
	"interplexer/db"
)

// Rows is what a Registry needs of the store for sessions it made.
type Rows interface {
	CreateSession(ctx context.Context, n db.NewSession) (db.Session, error)
	StartSession(ctx context.Context, id int64, server, serverIdentity, tmuxID string, at time.Time) (db.Session, error)
	SetSessionStatus(ctx context.Context, id int64, status string, at time.Time) (db.Session, error)
	DeleteSession(ctx context.Context, id int64) error
	SessionsOnServer(ctx context.Context, server string) ([]db.Session, error)
}

// Adoptions is what it needs of the store for sessions whose row was lost.
type Adoptions interface {
	SessionByUID(ctx context.Context, uid string) (db.Session, error)
	UserByName(ctx context.Context, name string) (db.User, error)
	AdoptSession(ctx context.Context, s db.Session) (db.Session, error)
}

// RowEdits is what it needs of the store to change what a session is called.
type RowEdits interface {
	EditSession(ctx context.Context, id int64, e db.SessionEdit, at time.Time) (db.Session, error)
}

// Store keeps the sessions; *db.Store is one.
type Store interface {
	Rows
	RowEdits
	Answers
	Adoptions
	Ping(ctx context.Context) error
}

// Tmux is the tmux server that the sessions live on; *controlmode.Server is one.
type Tmux interface {
	Current(ctx context.Context) (controlmode.ServerID, error)
	On(id controlmode.ServerID) controlmode.Client
	Subscribe(size int) *controlmode.Subscription
	OpenHub(ctx context.Context, on func(controlmode.Notification)) (*controlmode.Hub, error)
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
	Live LiveOptions
	// SearchPath is where a command without a slash is looked for; default
	// $PATH.
	SearchPath string
	Logger     *slog.Logger     // nil: no logging
	Now        func() time.Time // nil: time.Now
	NewUID     func() string    // 32 hexadecimal digits, never the same twice; nil: random
}

// Registry is who owns which session, and the only way to reach one. It keeps
// the rows of its tmux server in memory, so that reading from a session asks
// the store nothing; it is the only writer of those rows.
type Registry struct {
	store     Store
	tmux      Tmux
	opts      Options
	log       *slog.Logger
	panes     flight[paneList]
	listed    atomic.Pointer[paneList] // the last of panes
	noticed   atomic.Uint64            // counts what is known better than the last of panes
	known     *records
	live      *live
	held      heldCounts
	typed     backlogs
	runs      runs
	edits     turns // of those who edit a session
	answering answering
	// overdue asks Run to reconcile: something could not be written down.
	// It holds one.
	overdue chan struct{}

	reconciling sync.Mutex         // held by one reconciliation at a time
	ignored     map[leftAlone]bool // sessions left alone and logged; guarded by reconciling
}

// NewRegistry makes a Registry. Call Reconcile before use, and Run.
func NewRegistry(store Store, tmux Tmux, o Options) *Registry {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.NewUID == nil {
		o.NewUID = randomUID
	}
	if o.SearchPath == "" {
		o.SearchPath = os.Getenv("PATH")
	}
	r := &Registry{
		store: store, tmux: tmux, opts: o, log: o.Logger, known: newRecords(),
		overdue: make(chan struct{}, 1), ignored: map[leftAlone]bool{},
	}
	r.live = newLive(tmux, o.Live, o.Logger, r.captureError)
	return r
}

// Get returns one session of the caller's, or ErrNotFound.
func (r *Registry) Get(ctx context.Context, p Principal, id int64) (Session, error) {
	rec, err := r.known.find(p, id)
	if err != nil {
		return Session{}, err
	}
	if rec.status() != Running {
		return rec.session(nil), nil
	}
	ctx, cancel := tmuxContext(ctx)
	defer cancel()
	one, err := r.describe(ctx, rec)
	if err == nil || !errors.Is(err, ErrEnded) {
		return one, err
	}
	if rec, err = r.known.find(p, id); err != nil {
		return Session{}, err // deleted meanwhile
	}
	return rec.session(nil), nil
}

// running is find for what needs a running session.
func (r *Registry) running(p Principal, id int64) (*record, error) {
	rec, err := r.known.find(p, id)
	switch {
	case err != nil:
		return nil, err
	case rec.status() == Starting:
		return nil, ErrNotRunning
	case rec.status().Ended():
		return nil, &EndedError{Status: rec.status()}
	}
	return rec, nil
}

// ended notes that a running record's session is gone, in memory at once and
// in the store soon. It returns the record as it is now.
func (r *Registry) ended(rec *record, status Status) *record {
	now, changed := r.known.setEnded(rec, status)
	if changed {
		r.reconcileSoon()
	}
	r.over(rec.row.ID)
	return now
}

// over drops what is kept of a session that runs.
func (r *Registry) over(id int64) {
	r.live.ended(id)
	r.typed.forget(id)
}

// reconcileSoon asks Run, if there is one, to reconcile.
func (r *Registry) reconcileSoon() {
	select {
	case r.overdue <- struct{}{}:
	default: // asked already
	}
}
