package idempotency_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/idempotency"
	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// smallStore is a store with room for few keys and short responses.
type smallStore struct {
	*db.Store
	fail   error          // of all calls; nil: none
	sweeps chan time.Time // receives the time before which keys are freed; nil: nothing
}

const (
	smallQuota = 4  // keys
	smallRoom  = 10 // bytes
)

func (s *smallStore) ClaimIdempotencyKey(ctx context.Context, c db.IdempotencyClaim) (*db.StoredResponse, error) {
	if s.fail != nil {
		return nil, s.fail
	}
	if c.Quota != idempotency.MaxKeys {
		return nil, fmt.Errorf("a quota of %d", c.Quota)
	}
	c.Quota = smallQuota
	return s.Store.ClaimIdempotencyKey(ctx, c)
}

func (s *smallStore) StoreResponse(ctx context.Context, k db.IdempotencyKey, a db.StoredResponse, _ int) error {
	if s.fail != nil {
		return s.fail
	}
	return s.Store.StoreResponse(ctx, k, a, smallRoom)
}

func (s *smallStore) ReleaseIdempotencyKeysBefore(ctx context.Context, then time.Time) error {
	if s.sweeps != nil {
		s.sweeps <- then
	}
	return s.Store.ReleaseIdempotencyKeysBefore(ctx, then)
}

// keys is a service's Keys, with a clock and two users.
type keys struct {
	*idempotency.Keys
	t          *testing.T
	store      *smallStore
	now        time.Time
	alice, bob session.Principal
}

func newKeys(t *testing.T, store *db.Store) *keys {
	t.Helper()
	k := &keys{t: t, store: &smallStore{Store: store}, now: time.Unix(1_800_000_000, 0)}
	k.Keys = k.service("main")
	for name, p := range map[string]*session.Principal{"alice": &k.alice, "bob": &k.bob} {
		u, err := store.CreateUser(t.Context(), name, false)
		require.NoError(t, err)
		*p = session.Principal{UserID: u.ID, User: name}
	}
	return k
}

// service is a service that starts now, under a name, with the same store and clock.
func (k *keys) service(name string) *idempotency.Keys {
	return idempotency.New(k.store, idempotency.Options{Server: name, Now: func() time.Time { return k.now }})
}

// request is the hash of a request of that number.
func request(n byte) [32]byte { return [32]byte{n} }

// begins expects that a request is to be carried out.
func (k *keys) begins(p session.Principal, key string, n byte) {
	k.t.Helper()
	got, err := k.Begin(k.t.Context(), p, key, request(n))
	require.NoError(k.t, err)
	require.Nil(k.t, got)
}

// ends keeps the response to a request; nil frees its key.
func (k *keys) ends(p session.Principal, key string, r *idempotency.StoredResponse) {
	k.t.Helper()
	require.NoError(k.t, k.End(k.t.Context(), p, key, r))
}

// fails expects an error of Begin, from one of the services.
func (k *keys) fails(service *idempotency.Keys, want error, p session.Principal, key string, n byte) {
	k.t.Helper()
	_, err := service.Begin(k.t.Context(), p, key, request(n))
	require.ErrorIs(k.t, err, want)
}

func onBothStores(t *testing.T, test func(k *keys)) {
	t.Helper()
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) { test(newKeys(t, open())) })
}

func created() *idempotency.StoredResponse {
	return &idempotency.StoredResponse{Status: 201, Header: map[string]string{"A": "é"}, Body: []byte("\x00")}
}

// A request that comes again gets the response of the first time, also from another
// life of the service; another request with the same key is refused.
func TestKeysKeepTheResponse(t *testing.T) {
	onBothStores(t, func(k *keys) {
		k.begins(k.alice, "k", 1)
		k.ends(k.alice, "k", created())
		for _, service := range []*idempotency.Keys{k.Keys, k.service("main"), k.service("other")} {
			for range 2 {
				got, err := service.Begin(k.t.Context(), k.alice, "k", request(1))
				require.NoError(k.t, err)
				require.Equal(k.t, created(), got)
			}
			k.fails(service, idempotency.ErrKeyReused, k.alice, "k", 2)
		}
		k.begins(k.bob, "k", 2) // a key of his own
		k.begins(k.alice, "l", 1)
	})
}

// A key is free again after a request that was not carried out.
func TestKeysAreFreed(t *testing.T) {
	onBothStores(t, func(k *keys) {
		k.begins(k.alice, "k", 1)
		k.ends(k.alice, "k", nil)
		k.begins(k.alice, "k", 2)
		k.ends(k.alice, "k", created())
		k.fails(k.Keys, idempotency.ErrKeyReused, k.alice, "k", 1)
	})
}

// A request that is being carried out has no response yet. When its service has ended
// meanwhile, nobody knows its outcome.
func TestKeysInFlight(t *testing.T) {
	onBothStores(t, func(k *keys) {
		k.begins(k.alice, "k", 1)
		k.fails(k.Keys, idempotency.ErrInProgress, k.alice, "k", 1)
		k.fails(k.Keys, idempotency.ErrKeyReused, k.alice, "k", 2)
		k.fails(k.service("other"), idempotency.ErrInProgress, k.alice, "k", 1)
		k.fails(k.service("other"), idempotency.ErrKeyReused, k.alice, "k", 2)
		again := k.service("main")
		k.fails(again, idempotency.ErrInterrupted, k.alice, "k", 1)
		k.fails(again, idempotency.ErrKeyReused, k.alice, "k", 2)
		k.fails(again, idempotency.ErrInterrupted, k.alice, "k", 1)

		ctx, leave := context.WithCancel(k.t.Context())
		leave() // a caller that leaves does not prevent the keeping
		require.NoError(k.t, k.End(ctx, k.alice, "k", created()))
		got, err := again.Begin(k.t.Context(), k.alice, "k", request(1))
		require.NoError(k.t, err)
		require.Equal(k.t, created(), got)
	})
}

// Of many equal requests at the same time one is carried out.
func TestKeysAtTheSameTime(t *testing.T) {
	onBothStores(t, func(k *keys) {
		services := []*idempotency.Keys{k.Keys, k.service("other")}
		var all sync.WaitGroup
		outcomes := make(chan error, 20)
		for i := range cap(outcomes) {
			all.Go(func() {
				_, err := services[i%len(services)].Begin(k.t.Context(), k.alice, "k", request(1))
				outcomes <- err
			})
		}
		all.Wait()
		close(outcomes)
		begun := 0
		for err := range outcomes {
			if err == nil {
				begun++
				continue
			}
			require.ErrorIs(k.t, err, idempotency.ErrInProgress)
		}
		require.Equal(k.t, 1, begun)
	})
}

// A response that is too long is not kept, and its key is not free.
func TestKeysWithoutRoom(t *testing.T) {
	onBothStores(t, func(k *keys) {
		k.begins(k.alice, "k", 1)
		k.ends(k.alice, "k", &idempotency.StoredResponse{Status: 200, Body: make([]byte, smallRoom+1)})
		k.fails(k.Keys, idempotency.ErrNotKept, k.alice, "k", 1)
		k.fails(k.Keys, idempotency.ErrKeyReused, k.alice, "k", 2)
	})
}

// A user has so many keys, each for a day.
func TestTooManyKeys(t *testing.T) {
	onBothStores(t, func(k *keys) {
		for i := range smallQuota {
			k.begins(k.alice, fmt.Sprint(i), 1)
			k.ends(k.alice, fmt.Sprint(i), created())
		}
		k.fails(k.Keys, idempotency.ErrTooManyKeys, k.alice, "more", 1)
		k.fails(k.Keys, idempotency.ErrTooManyKeys, k.alice, "more", 1) // and not in progress
		k.begins(k.bob, "more", 1)
		k.now = k.now.Add(idempotency.MaxAge + time.Second)
		k.begins(k.alice, "more", 1)
		k.begins(k.alice, "0", 2) // it has been freed
	})
}

// Run frees old keys at once, and then now and then, until it is stopped.
func TestKeysAreSwept(t *testing.T) {
	onBothStores(t, func(k *keys) {
		k.store.sweeps = make(chan time.Time, 1)
		ctx, stop := context.WithCancel(k.t.Context())
		stopped := make(chan error, 1)
		go func() { stopped <- k.Run(ctx) }()
		require.Equal(k.t, k.now.Add(-idempotency.MaxAge), <-k.store.sweeps)
		stop()
		require.ErrorIs(k.t, <-stopped, context.Canceled)
	})
}

// While the store cannot be reached nothing is carried out, and the caller may try
// again.
func TestKeysWithoutTheStore(t *testing.T) {
	t.Parallel()
	k := newKeys(t, dbtest.Open(t, db.SQLite))
	k.begins(k.alice, "begun", 1)
	k.store.fail = fmt.Errorf("%w: broken", db.ErrUnavailable)
	k.fails(k.Keys, session.ErrUnavailable, k.alice, "k", 1)
	require.ErrorIs(t, k.End(t.Context(), k.alice, "begun", created()), session.ErrUnavailable)
	k.store.fail = errors.New("broken")
	_, err := k.Begin(t.Context(), k.alice, "k", request(1))
	require.ErrorIs(t, err, k.store.fail)
	require.NotErrorIs(t, err, session.ErrUnavailable)
	k.store.fail = nil
	k.begins(k.alice, "k", 1)
	k.fails(k.Keys, idempotency.ErrInterrupted, k.alice, "begun", 1) // its response could not be kept
}
