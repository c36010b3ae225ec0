package access

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/singleflight"

	"interplexer/api/session"
	"interplexer/db"
)

// TokenStore is the part of the store that Accounts need; *db.Store is one.
type TokenStore interface {
	TokenByHash(ctx context.Context, hash [32]byte) (db.Token, error)
	TouchTokens(ctx context.Context, lastUse map[int64]time.Time) error
	Watch(ctx context.Context, handle func(db.Change)) error
}

// Options tune Accounts; the zero value works.
type Options struct {
	Now           func() time.Time
	Logger        *slog.Logger
	FlushEvery    time.Duration // time between two writes of last uses, default 1 min
	LookupTimeout time.Duration // bound of one query, default 5 s
	CacheSize     int           // tokens in the cache, default 10,000
}

// Accounts find the owner of a token. They cache the store's rows for as long as the store's
// feed of changes works; without the feed every call queries the store. They are safe for
// concurrent use.
type Accounts struct {
	store   TokenStore
	options Options
	lookups singleflight.Group

	// mu guards the fields below; an entry's lastUse may be set under RLock.
	mu      sync.RWMutex
	entries map[[32]byte]*account
	trusted bool                // the feed works, so the entries are current
	changes uint64              // how often the feed has dropped the entries
	pending map[int64]time.Time // unwritten last uses of tokens without an entry, by token id
}

// account is the cache's entry of one token.
type account struct {
	principal session.Principal
	expire    time.Time    // zero: never
	lastUse   atomic.Int64 // Unix ns, 0: nothing to write
}

// New makes Accounts. Call Run; until its feed works, every call queries the store.
func New(store TokenStore, o Options) *Accounts {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.FlushEvery <= 0 {
		o.FlushEvery = time.Minute
	}
	if o.LookupTimeout <= 0 {
		o.LookupTimeout = 5 * time.Second
	}
	if o.CacheSize <= 0 {
		o.CacheSize = 10_000
	}
	return &Accounts{
		store:   store,
		options: o,
		entries: map[[32]byte]*account{},
		pending: map[int64]time.Time{},
	}
}

// Authenticate returns the owner of a token. It fails with ErrUnauthenticated, with
// ErrUnavailable, or with ctx's error.
func (a *Accounts) Authenticate(ctx context.Context, plain string) (session.Principal, error) {
	if !wellFormed(plain) {
		return session.Principal{}, session.ErrUnauthenticated
	}
	hash := HashToken(plain)
	now := a.options.Now()
	a.mu.RLock()
	known, changes := a.entries[hash], a.changes
	if known != nil && known.valid(now) {
		// Under the lock, so that a drop of the entry collects it.
		known.lastUse.Store(now.UnixNano())
	}
	a.mu.RUnlock()
	if known == nil {
		var err error
		if known, err = a.ask(ctx, hash, changes); err != nil {
			return session.Principal{}, err
		}
		if known.valid(now) {
			a.touch(known.principal.TokenID, now)
		}
	}
	if !known.valid(now) {
		return session.Principal{}, session.ErrUnauthenticated
	}
	return known.principal, nil
}

func (k *account) valid(now time.Time) bool {
	return k.expire.IsZero() || now.Before(k.expire)
}

// ask looks a token up in the store. Callers who ask for the same token since the same
// change share one query. It goes on when a caller leaves, and is bounded by LookupTimeout.
func (a *Accounts) ask(ctx context.Context, hash [32]byte, changes uint64) (*account, error) {
	key := fmt.Sprintf("%s %d", hash[:], changes)
	answer := a.lookups.DoChan(key, func() (any, error) {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.options.LookupTimeout)
		defer cancel()
		return a.lookup(ctx, hash, changes)
	})
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("access: authenticate: %w", ctx.Err())
	case r := <-answer:
		if r.Err != nil {
			return nil, r.Err
		}
		return r.Val.(*account), nil
	}
}

func (a *Accounts) lookup(ctx context.Context, hash [32]byte, changes uint64) (*account, error) {
	t, err := a.store.TokenByHash(ctx, hash)
	switch {
	case err == nil:
	case errors.Is(err, db.ErrNotFound):
		return nil, session.ErrUnauthenticated
	case errors.Is(err, db.ErrUnavailable), errors.Is(err, context.DeadlineExceeded):
		return nil, fmt.Errorf("access: authenticate: %w: %w", session.ErrUnavailable, err)
	default:
		return nil, fmt.Errorf("access: authenticate: %w", err)
	}
	if t.RevokeTime != nil {
		return nil, session.ErrUnauthenticated
	}
	k := &account{principal: session.Principal{UserID: t.User.ID, User: t.User.Name, Admin: t.User.Admin, TokenID: t.ID}}
	if t.ExpireTime != nil {
		k.expire = *t.ExpireTime
	}
	if k.valid(a.options.Now()) {
		a.remember(hash, k, changes)
	}
	return k, nil
}

// remember puts an account into the cache, unless the feed has reported a change since the
// query began: then the account may be outdated already.
func (a *Accounts) remember(hash [32]byte, k *account, changes uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.trusted || a.changes != changes {
		return
	}
	if len(a.entries) >= a.options.CacheSize {
		a.forget() // rare, and cheaper than to keep the entries in order of use
	}
	a.entries[hash] = k
}

// forget drops all entries and keeps their last uses. The caller holds mu.
func (a *Accounts) forget() {
	a.takeLastUses(a.pending)
	clear(a.entries)
}

// takeLastUses moves the entries' unwritten last uses into a map. The caller holds mu.
func (a *Accounts) takeLastUses(into map[int64]time.Time) {
	for _, k := range a.entries {
		if ns := k.lastUse.Swap(0); ns != 0 {
			keepLatest(into, k.principal.TokenID, time.Unix(0, ns))
		}
	}
}

func (a *Accounts) touch(token int64, now time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	keepLatest(a.pending, token, now)
}

func keepLatest(m map[int64]time.Time, token int64, at time.Time) {
	if at.After(m[token]) {
		m[token] = at
	}
}

// Run follows the store's changes and writes last uses. It blocks until ctx is done, writes
// the last uses once more, and returns nil. It fails only if the feed ends before ctx does.
func (a *Accounts) Run(ctx context.Context) error {
	watching, stop := context.WithCancel(ctx)
	defer stop()
	ended := make(chan error, 1)
	go func() { ended <- a.store.Watch(watching, a.changed) }()
	tick := time.NewTicker(a.options.FlushEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			a.flush(ctx)
		case err := <-ended:
			a.changed(db.Change{Kind: db.Lost}) // changes are not reported any more
			last, cancel := context.WithTimeout(context.WithoutCancel(ctx), a.options.LookupTimeout)
			defer cancel()
			a.flush(last)
			if ctx.Err() != nil {
				return nil
			}
			return fmt.Errorf("access: watch accounts: %w", err)
		}
	}
}

func (a *Accounts) changed(c db.Change) {
	a.mu.Lock()
	was := a.trusted
	switch c.Kind {
	case db.Resync:
		a.trusted = true
	case db.Lost:
		a.trusted = false
	}
	now := a.trusted
	a.changes++
	a.forget()
	a.mu.Unlock()
	if was != now {
		a.options.Logger.Info("token cache", "trusted", now, "feed", c.Kind.String())
	}
}

// flush writes the last uses since the last flush. If that fails it keeps them for the next
// one; there is at most one per token.
func (a *Accounts) flush(ctx context.Context) {
	a.mu.Lock()
	uses := a.pending
	a.pending = map[int64]time.Time{}
	a.takeLastUses(uses)
	a.mu.Unlock()
	if len(uses) == 0 {
		return
	}
	err := a.store.TouchTokens(ctx, uses)
	if err == nil {
		return
	}
	a.options.Logger.Warn("token last uses not written, will try again", "error", err)
	a.mu.Lock()
	defer a.mu.Unlock()
	for token, at := range uses {
		keepLatest(a.pending, token, at)
	}
}
