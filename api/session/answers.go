package session

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"interplexer/db"
)

// Limits of the answers that are kept for requests which may come again.
const (
	AnswerAge   = 24 * time.Hour
	MaxKeys     = 10_000   // of a user
	maxKept     = 64 << 20 // bytes of a user's answers
	forgetEvery = time.Hour
)

// Answers is what a Registry needs of the store to answer a request once.
type Answers interface {
	ClaimAnswer(ctx context.Context, n db.NewAnswer) (*db.Answer, error)
	FinishAnswer(ctx context.Context, k db.AnswerKey, a db.Answer, room int) error
	ForgetAnswer(ctx context.Context, k db.AnswerKey) error
	ForgetAnswersBefore(ctx context.Context, then time.Time) error
}

// Errors of BeginAnswer.
var (
	// ErrKeyReused: the key was given to another request.
	ErrKeyReused = errors.New("session: key of another request")
	// ErrInProgress: the request of this key is not answered yet.
	ErrInProgress = errors.New("session: request in progress")
	// ErrInterrupted: the service ended before it could write the answer
	// down; the request may or may not have been carried out.
	ErrInterrupted = errors.New("session: request was interrupted")
	// ErrAnswerNotKept: the request was carried out; its answer was too much to keep.
	ErrAnswerNotKept = errors.New("session: answer was not kept")
	// ErrTooManyKeys: the caller has used as many keys as it may within AnswerAge.
	ErrTooManyKeys = errors.New("session: too many keys")
)

// Answer is what a front end answered to a request.
type Answer struct {
	Status int
	Header map[string]string
	Body   []byte
}

// answering are the keys whose requests are being carried out here. A claim in
// the store that is ours and not among them was left by a service that ended.
type answering struct {
	mu       sync.Mutex // guards requests
	requests map[db.AnswerKey][32]byte
}

// BeginAnswer claims a caller's key for a request, of which it takes a hash.
// The answer is nil when the request is to be carried out, and EndAnswer called
// then; else it is what was answered the first time.
func (r *Registry) BeginAnswer(ctx context.Context, p Principal, key string, request [32]byte) (*Answer, error) {
	k := db.AnswerKey{UserID: p.UserID, Key: key}
	if err := r.answering.begin(k, request); err != nil {
		return nil, err
	}
	now := r.opts.Now()
	found, err := r.store.ClaimAnswer(ctx, db.NewAnswer{
		AnswerKey: k, Request: request, Server: r.opts.Server, Now: now, Since: now.Add(-AnswerAge), Quota: MaxKeys,
	})
	if err == nil && found == nil {
		return nil, nil
	}
	r.answering.end(k)
	switch {
	case errors.Is(err, db.ErrQuota):
		return nil, fmt.Errorf("%w: %w", ErrTooManyKeys, err)
	case err != nil:
		return nil, storeError(err)
	case found.Request != request:
		return nil, ErrKeyReused
	case found.Status == 0 && found.Server == r.opts.Server:
		return nil, ErrInterrupted
	case found.Status == 0: // another machine's
		return nil, ErrInProgress
	case !found.Kept:
		return nil, ErrAnswerNotKept
	}
	return &Answer{Status: found.Status, Header: found.Header, Body: found.Body}, nil
}

// EndAnswer keeps the answer to a request that BeginAnswer had carried out; nil
// frees its key. A caller that leaves does not prevent it.
func (r *Registry) EndAnswer(ctx context.Context, p Principal, key string, a *Answer) error {
	k := db.AnswerKey{UserID: p.UserID, Key: key}
	defer r.answering.end(k)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), createTimeout)
	defer cancel()
	if a == nil {
		return storeError(r.store.ForgetAnswer(ctx, k))
	}
	kept := db.Answer{Status: a.Status, Header: a.Header, Body: a.Body}
	return storeError(r.store.FinishAnswer(ctx, k, kept, maxKept))
}

func (a *answering) begin(k db.AnswerKey, request [32]byte) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch other, busy := a.requests[k]; {
	case busy && other != request:
		return ErrKeyReused
	case busy:
		return ErrInProgress
	}
	if a.requests == nil {
		a.requests = map[db.AnswerKey][32]byte{}
	}
	a.requests[k] = request
	return nil
}

func (a *answering) end(k db.AnswerKey) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.requests, k)
}

// forgetAnswers frees old keys, now and then, until ctx is done.
func (r *Registry) forgetAnswers(ctx context.Context) error {
	tick := time.NewTicker(forgetEvery)
	defer tick.Stop()
	for {
		if err := r.store.ForgetAnswersBefore(ctx, r.opts.Now().Add(-AnswerAge)); err != nil && ctx.Err() == nil {
			r.log.Warn("old answers are not forgotten yet", "error", err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
