package access

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
)

// tokenTable is a TokenStore whose answers and feed the test decides.
type tokenTable struct {
	mu       sync.Mutex
	tokens   map[[32]byte]db.Token
	lookups  int
	touched  []map[int64]time.Time
	fail     error
	touchErr error
	wait     chan struct{} // each look-up reads its token, then receives from it
	feed     chan db.ChangeKind
}

func newTokenTable() (*tokenTable, string) {
	plain, hash := NewToken()
	s := &tokenTable{tokens: map[[32]byte]db.Token{}, feed: make(chan db.ChangeKind)}
	s.tokens[hash] = db.Token{ID: 7, User: db.User{ID: 1, Name: "alice", Admin: true}}
	return s, plain
}

func (s *tokenTable) TokenByHash(ctx context.Context, hash [32]byte) (db.Token, error) {
	s.mu.Lock()
	s.lookups++
	t, ok := s.tokens[hash]
	fail, wait := s.fail, s.wait
	s.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return db.Token{}, fmt.Errorf("db: get token: %w", ctx.Err())
		}
	}
	if fail != nil {
		return db.Token{}, fail
	}
	if !ok {
		return db.Token{}, fmt.Errorf("db: get token: %w", db.ErrNotFound)
	}
	return t, nil
}

func (s *tokenTable) TouchTokens(_ context.Context, uses map[int64]time.Time) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.touchErr != nil {
		return s.touchErr
	}
	s.touched = append(s.touched, uses)
	return nil
}

func (s *tokenTable) Watch(ctx context.Context, handle func(db.Change)) error {
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case k, ok := <-s.feed:
			if !ok {
				return errors.New("feed ended")
			}
			handle(db.Change{Kind: k})
		}
	}
}

func (s *tokenTable) asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lookups
}

func (s *tokenTable) change(plain string, f func(*db.Token)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	t := s.tokens[HashToken(plain)]
	f(&t)
	s.tokens[HashToken(plain)] = t
}

// set changes what the table answers from here on.
func (s *tokenTable) set(f func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	f()
}

// written takes what has been touched so far.
func (s *tokenTable) written() []map[int64]time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := s.touched
	s.touched = nil
	return all
}

// tell returns when the change has been handled.
func (s *tokenTable) tell(k db.ChangeKind) {
	s.feed <- k
	synctest.Wait()
}

// run starts a's Run in the test's bubble and returns what stops it.
func run(t *testing.T, a *Accounts) (stop func() error) {
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	return sync.OnceValue(func() error { cancel(); return <-ended })
}

// withAccounts runs f in a bubble of fake time with a trusted, empty cache.
func withAccounts(t *testing.T, f func(t *testing.T, s *tokenTable, a *Accounts, token string)) {
	synctest.Test(t, func(t *testing.T) {
		s, token := newTokenTable()
		a := New(s, Options{})
		stop := run(t, a)
		s.tell(db.Resync)
		f(t, s, a, token)
		require.NoError(t, stop())
	})
}

func TestAuthenticate(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		for range 3 {
			p, err := a.Authenticate(t.Context(), token)
			require.NoError(t, err)
			require.Equal(t, session.Principal{UserID: 1, User: "alice", Admin: true, TokenID: 7}, p)
		}
		require.Equal(t, 1, s.asked())

		_, err := a.Authenticate(t.Context(), "ipx_short")
		require.ErrorIs(t, err, session.ErrUnauthenticated)
		require.Equal(t, 1, s.asked(), "malformed tokens do not reach the store")

		unknown, hash := NewToken()
		_, err = a.Authenticate(t.Context(), unknown)
		require.ErrorIs(t, err, session.ErrUnauthenticated)
		s.set(func() { s.tokens[hash] = db.Token{ID: 8, User: db.User{Name: "bob"}} })
		p, err := a.Authenticate(t.Context(), unknown)
		require.NoError(t, err, "a refusal is not remembered")
		require.Equal(t, "bob", p.User)
	})
}

func TestRevocationIsHeardAtOnce(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		_, err := a.Authenticate(t.Context(), token)
		require.NoError(t, err)
		now := time.Now()
		s.change(token, func(k *db.Token) { k.RevokeTime = &now })
		s.tell(db.Changed)
		for range 2 {
			_, err = a.Authenticate(t.Context(), token)
			require.ErrorIs(t, err, session.ErrUnauthenticated)
		}
	})
}

func TestExpiryIsJudgedAtEveryCall(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		at := time.Now().Add(time.Hour)
		s.change(token, func(k *db.Token) { k.ExpireTime = &at })
		now := time.Now()
		a.options.Now = func() time.Time { return now }
		_, err := a.Authenticate(t.Context(), token)
		require.NoError(t, err)
		now = at.Add(-1)
		_, err = a.Authenticate(t.Context(), token)
		require.NoError(t, err)
		now = at
		_, err = a.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, session.ErrUnauthenticated)
		require.Equal(t, 1, s.asked())
	})
}

func TestWithoutTheFeedNothingIsRemembered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, token := newTokenTable()
		a := New(s, Options{})
		ask := func(want int) {
			t.Helper()
			for range 2 {
				_, err := a.Authenticate(t.Context(), token)
				require.NoError(t, err)
			}
			require.Equal(t, want, s.asked())
		}
		ask(2) // before Run
		stop := run(t, a)
		ask(4)
		s.tell(db.Resync)
		ask(5)
		s.tell(db.Lost)
		ask(7)
		s.tell(db.Changed)
		ask(9)
		s.tell(db.Resync)
		ask(10)
		require.NoError(t, stop())
		ask(12) // after Run
	})
}

func TestChangeDuringALookupKeepsItOutOfTheCache(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		s.set(func() { s.wait = make(chan struct{}) })
		first := make(chan error, 1)
		go func() { _, err := a.Authenticate(t.Context(), token); first <- err }()
		synctest.Wait() // it has read the token as valid
		now := time.Now()
		s.change(token, func(k *db.Token) { k.RevokeTime = &now })
		s.tell(db.Changed)
		second := make(chan error, 1)
		go func() { _, err := a.Authenticate(t.Context(), token); second <- err }()
		synctest.Wait()
		close(s.wait)
		require.NoError(t, <-first, "it was valid when it was asked")
		require.ErrorIs(t, <-second, session.ErrUnauthenticated, "does not join a look-up from before the change")
		_, err := a.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, session.ErrUnauthenticated)
	})
}

func TestMissesShareOneLookup(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		s.set(func() { s.wait = make(chan struct{}) })
		ctx, cancel := context.WithCancel(t.Context())
		first := make(chan error, 1)
		go func() { _, err := a.Authenticate(ctx, token); first <- err }()
		synctest.Wait()
		others := make(chan error, 20)
		for range cap(others) {
			go func() { _, err := a.Authenticate(t.Context(), token); others <- err }()
		}
		synctest.Wait()
		cancel()
		require.ErrorIs(t, <-first, context.Canceled)
		close(s.wait)
		for range cap(others) {
			require.NoError(t, <-others)
		}
		require.Equal(t, 1, s.asked())
	})
}

func TestStoreFailures(t *testing.T) {
	t.Parallel()
	withAccounts(t, func(t *testing.T, s *tokenTable, a *Accounts, token string) {
		s.set(func() { s.fail = fmt.Errorf("db: get token: %w", db.ErrUnavailable) })
		_, err := a.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, session.ErrUnavailable)
		s.set(func() { s.fail = errors.New("db: odd") })
		_, err = a.Authenticate(t.Context(), token)
		require.ErrorContains(t, err, "odd")
		require.NotErrorIs(t, err, session.ErrUnavailable)
		s.set(func() { s.fail, s.wait = nil, make(chan struct{}) }) // a store that never answers
		_, err = a.Authenticate(t.Context(), token)
		require.ErrorIs(t, err, session.ErrUnavailable)
		s.set(func() { s.wait = nil })
		_, err = a.Authenticate(t.Context(), token)
		require.NoError(t, err, "a failure is not remembered")
	})
}

func TestLastUsesAreWrittenOnceAMinuteAndAtTheEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, token := newTokenTable()
		a := New(s, Options{})
		stop := run(t, a)
		s.tell(db.Resync)
		use := func() time.Time {
			_, err := a.Authenticate(t.Context(), token)
			require.NoError(t, err)
			return time.Now()
		}
		minute := func() { <-time.After(time.Minute + time.Millisecond); synctest.Wait() }
		wrote := func(at time.Time) {
			t.Helper()
			all := s.written()
			require.Len(t, all, 1)
			require.Len(t, all[0], 1)
			require.True(t, at.Equal(all[0][7]), "%v %v", at, all[0])
		}
		use()
		<-time.After(time.Second)
		last := use()
		require.Empty(t, s.written())
		minute()
		wrote(last)
		minute()
		require.Empty(t, s.written(), "nothing new")

		last = use()
		s.tell(db.Changed) // drops the entry, not its use
		minute()
		wrote(last)

		last = use()
		s.set(func() { s.touchErr = db.ErrUnavailable })
		minute()
		s.set(func() { s.touchErr = nil })
		minute()
		wrote(last)

		last = use()
		require.NoError(t, stop())
		wrote(last)
	})
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newTokenTable()
		a := New(s, Options{CacheSize: 3})
		stop := run(t, a)
		s.tell(db.Resync)
		for i := range 10 {
			token, hash := NewToken()
			s.set(func() { s.tokens[hash] = db.Token{ID: int64(100 + i)} })
			_, err := a.Authenticate(t.Context(), token)
			require.NoError(t, err)
			require.LessOrEqual(t, len(a.entries), 3)
		}
		require.NoError(t, stop())
		require.Len(t, s.written()[0], 10, "dropped entries' uses are written")
	})
}

func TestRunReportsAFeedThatEnds(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		s, _ := newTokenTable()
		stop := run(t, New(s, Options{}))
		close(s.feed)
		synctest.Wait()
		require.ErrorContains(t, stop(), "feed ended")
	})
}

func BenchmarkAuthenticate(b *testing.B) {
	s, token := newTokenTable()
	a := New(s, Options{})
	a.changed(db.Change{Kind: db.Resync})
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := a.Authenticate(b.Context(), token); err != nil {
				b.Fatal(err)
			}
		}
	})
	if s.asked() > 2 {
		b.Fatalf("%d look-ups", s.asked())
	}
}
