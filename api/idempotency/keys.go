// Package idempotency stores the responses to requests with an Idempotency-Key. A request
// that is sent again gets the response of the first time, and is not carried out twice
// (draft-ietf-httpapi-idempotency-key-header).
//
// Its one type is Keys; api calls it around the handlers that create something.
package idempotency

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"interplexer/api/session"
	"interplexer/db"
)

// Limits of the responses that are stored.
const (
	MaxAge     = 24 * time.Hour
	MaxKeys    = 10_000   // of a user within MaxAge
	maxBytes   = 64 << 20 // of a user's responses
	sweepEvery = time.Hour
	// endTimeout bounds the storing of a response.
	endTimeout = 10 * time.Second
)

// Store stores the responses; *db.Store is one.
type Store interface {
	ClaimIdempotencyKey(ctx context.Context, n db.IdempotencyClaim) (*db.StoredResponse, error)
	StoreResponse(ctx context.Context, k db.IdempotencyKey, a db.StoredResponse, room int) error
	ReleaseIdempotencyKey(ctx context.Context, k db.IdempotencyKey) error
	ReleaseIdempotencyKeysBefore(ctx context.Context, then time.Time) error
}

// Errors of Begin.
var (
	// ErrKeyReused: the key was given to another request.
	ErrKeyReused = errors.New("idempotency: key of another request")
	// ErrInProgress: the request of this key has no response yet.
	ErrInProgress = errors.New("idempotency: request in progress")
	// ErrInterrupted: the service ended before it could store the response; the
	// request may or may not have been carried out.
	ErrInterrupted = errors.New("idempotency: request was interrupted")
	// ErrNotKept: the request was carried out; its response was too large to store.
	ErrNotKept = errors.New("idempotency: response was not kept")
	// ErrTooManyKeys: the caller has used as many keys as it may within MaxAge.
	ErrTooManyKeys = errors.New("idempotency: too many keys")
)

// StoredResponse is the response to a request.
type StoredResponse struct {
	Status int
	Header map[string]string
	Body   []byte
}

// Options of Keys.
type Options struct {
	// Server is the name under which this service claims keys. No two services may
	// share one in the same store.
	Server string
	Logger *slog.Logger     // nil: no logging
	Now    func() time.Time // nil: time.Now
}

// Keys are the idempotency keys of all users. They are safe for concurrent use.
type Keys struct {
	store    Store
	opts     Options
	inFlight inFlightKeys
}

// New makes Keys. Call Run.
func New(store Store, o Options) *Keys {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Keys{store: store, opts: o}
}

// Begin claims a caller's key for a request; request is a hash of it. If the response is nil,
// the caller carries the request out and calls End. Otherwise it is the response of the
// first time. Begin fails with the errors above and with session.ErrUnavailable.
func (k *Keys) Begin(ctx context.Context, p session.Principal, key string, request [32]byte) (*StoredResponse, error) {
	id := db.IdempotencyKey{UserID: p.UserID, Key: key}
	if err := k.inFlight.begin(id, request); err != nil {
		return nil, err
	}
	now := k.opts.Now()
	found, err := k.store.ClaimIdempotencyKey(ctx, db.IdempotencyClaim{
		IdempotencyKey: id, RequestHash: request, Server: k.opts.Server, Now: now, Since: now.Add(-MaxAge), Quota: MaxKeys,
	})
	if err == nil && found == nil {
		return nil, nil
	}
	k.inFlight.end(id)
	switch {
	case errors.Is(err, db.ErrQuota):
		return nil, fmt.Errorf("%w: %w", ErrTooManyKeys, err)
	case err != nil:
		return nil, storeError(err)
	case found.RequestHash != request:
		return nil, ErrKeyReused
	case found.Status == 0 && found.Server == k.opts.Server:
		return nil, ErrInterrupted // the claim is of a process that ended
	case found.Status == 0: // the claim is of another server
		return nil, ErrInProgress
	case !found.Complete:
		return nil, ErrNotKept
	}
	return &StoredResponse{Status: found.Status, Header: found.Header, Body: found.Body}, nil
}

// End stores the response to a request for which Begin returned nil; a nil response frees
// the key. It goes on when ctx ends. It fails with session.ErrUnavailable.
func (k *Keys) End(ctx context.Context, p session.Principal, key string, r *StoredResponse) error {
	id := db.IdempotencyKey{UserID: p.UserID, Key: key}
	defer k.inFlight.end(id)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), endTimeout)
	defer cancel()
	if r == nil {
		return storeError(k.store.ReleaseIdempotencyKey(ctx, id))
	}
	kept := db.StoredResponse{Status: r.Status, Header: r.Header, Body: r.Body}
	return storeError(k.store.StoreResponse(ctx, id, kept, maxBytes))
}

// Run frees keys older than MaxAge, once an hour. It blocks until ctx is done, and returns
// ctx's error.
func (k *Keys) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := k.store.ReleaseIdempotencyKeysBefore(ctx, k.opts.Now().Add(-MaxAge)); err != nil && ctx.Err() == nil {
			k.opts.Logger.Warn("old idempotency keys are not freed yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// storeError turns an error of db into one of the domain.
func storeError(err error) error {
	switch {
	case err == nil || errors.Is(err, context.Canceled):
		return err
	case errors.Is(err, db.ErrUnavailable):
		return fmt.Errorf("%w: %w", session.ErrUnavailable, err)
	}
	return fmt.Errorf("idempotency: store: %w", err)
}

// inFlightKeys are the keys whose requests this process is carrying out. A claim in the store
// under our name that is not among them is of a process that ended.
type inFlightKeys struct {
	mu       sync.Mutex // guards requests
	requests map[db.IdempotencyKey][32]byte
}

func (f *inFlightKeys) begin(k db.IdempotencyKey, request [32]byte) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch other, busy := f.requests[k]; {
	case busy && other != request:
		return ErrKeyReused
	case busy:
		return ErrInProgress
	}
	if f.requests == nil {
		f.requests = map[db.IdempotencyKey][32]byte{}
	}
	f.requests[k] = request
	return nil
}

func (f *inFlightKeys) end(k db.IdempotencyKey) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.requests, k)
}
