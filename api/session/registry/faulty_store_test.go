package registry_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"time"

	"interplexer/db"
)

// step is a moment of a call to the store: before it has done anything, or
// after it has done everything and before its caller hears of it.
type step struct {
	call string
	done bool
}

// faultyStore is a real store of which a test can break any step.
type faultyStore struct {
	*db.Store
	fault atomic.Pointer[func(step) error]
}

// on sets what happens at each step: an error is what the call returns, a
// panic ends the caller there, as a crash would. nil: no faults.
func (s *faultyStore) on(fault func(step) error) {
	if fault == nil {
		fault = func(step) error { return nil }
	}
	s.fault.Store(&fault)
}

// down is a fault: no call does anything.
func down(at step) error {
	return fmt.Errorf("db: %s: %w", at.call, db.ErrUnavailable)
}

// failing is a fault at the given steps only.
func failing(steps ...step) func(step) error {
	return func(at step) error {
		for _, s := range steps {
			if s == at {
				return down(at)
			}
		}
		return nil
	}
}

func faulty[T any](s *faultyStore, call string, do func() (T, error)) (T, error) {
	var none T
	fault := *s.fault.Load()
	if err := fault(step{call, false}); err != nil {
		return none, err
	}
	value, err := do()
	if err != nil {
		return none, err
	}
	if err := fault(step{call, true}); err != nil {
		return none, err
	}
	return value, nil
}

func (s *faultyStore) CreateSession(ctx context.Context, n db.NewSession) (db.Session, error) {
	return faulty(s, "CreateSession", func() (db.Session, error) { return s.Store.CreateSession(ctx, n) })
}

func (s *faultyStore) StartSession(ctx context.Context, id int64, server, identity, tmuxID string, at time.Time) (db.Session, error) {
	return faulty(s, "StartSession", func() (db.Session, error) {
		return s.Store.StartSession(ctx, id, server, identity, tmuxID, at)
	})
}

func (s *faultyStore) SetSessionStatus(ctx context.Context, id int64, status string, at time.Time) (db.Session, error) {
	return faulty(s, "SetSessionStatus", func() (db.Session, error) {
		return s.Store.SetSessionStatus(ctx, id, status, at)
	})
}

func (s *faultyStore) EditSession(ctx context.Context, id int64, e db.SessionEdit, at time.Time) (db.Session, error) {
	return faulty(s, "EditSession", func() (db.Session, error) { return s.Store.EditSession(ctx, id, e, at) })
}

func (s *faultyStore) DeleteSession(ctx context.Context, id int64) error {
	_, err := faulty(s, "DeleteSession", func() (struct{}, error) { return struct{}{}, s.Store.DeleteSession(ctx, id) })
	return err
}

func (s *faultyStore) SessionsOnServer(ctx context.Context, server string) ([]db.Session, error) {
	return faulty(s, "SessionsOnServer", func() ([]db.Session, error) { return s.Store.SessionsOnServer(ctx, server) })
}

func (s *faultyStore) SessionByUID(ctx context.Context, uid string) (db.Session, error) {
	return faulty(s, "SessionByUID", func() (db.Session, error) { return s.Store.SessionByUID(ctx, uid) })
}

func (s *faultyStore) AdoptSession(ctx context.Context, row db.Session) (db.Session, error) {
	return faulty(s, "AdoptSession", func() (db.Session, error) { return s.Store.AdoptSession(ctx, row) })
}
