package api

import (
	"context"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/idempotency"
	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

func once(key string) func(*http.Request) { return with("Idempotency-Key", key) }

func TestIdempotencyKeyIsDescribedWhereItIsKnown(t *testing.T) {
	spec, err := loadSpec()
	require.NoError(t, err)
	for _, r := range New(Options{}).routes() {
		operation := spec.Paths.Value(parameterForm.ReplaceAllString(r.path, "{$1}")).GetOperation(r.method)
		described := operation.Parameters.GetByInAndName("header", "Idempotency-Key") != nil
		require.Equal(t, r.once, described, "%s %s", r.method, r.path)
		if r.once {
			require.NotNil(t, operation.Responses.Value("429"))
		}
	}
}

func TestIdempotencyKeys(t *testing.T) {
	c := start(t, nil)
	for _, key := range []string{"", "a b", "é", `"`, `""`, `a"b`, `"a`, `"a";p`, "a,b", "a;b", strings.Repeat("k", 256)} {
		p := c.problem(c.call("POST", "/api/sessions", "", once(key)), 422)
		require.Equal(t, "Idempotency-Key", p.Errors[0].Field, key)
	}
	twice := func(r *http.Request) { r.Header["Idempotency-Key"] = []string{"a", "a"} }
	c.problem(c.call("POST", "/api/sessions", "", twice), 422)
	require.Empty(t, c.memory.created)
	for key, want := range map[string]string{`"a b, c;d"`: "a b, c;d", "8e03978e-40d5": "8e03978e-40d5", `"x"`: "x", "x": "x"} {
		c.memory.keys = nil
		require.Equal(t, 201, c.call("POST", "/api/sessions", "", once(key)).status)
		require.Equal(t, []string{want}, c.memory.keys)
	}
	// Only what was carried out is kept.
	c.memory.answers = nil
	c.problem(c.call("POST", "/api/sessions", `{"x":1}`, once("k")), 422)
	c.problem(c.call("POST", "/api/sessions", `{}`, once("k"), with("Content-Type", "text/plain")), 415)
	c.memory.do = func() { panic(errBoom) }
	c.problem(c.call("POST", "/api/sessions", "", once("k")), 500)
	require.Equal(t, []*idempotency.StoredResponse{nil, nil, nil}, c.memory.answers)
	c.memory.do = nil
	for err, want := range map[error]string{
		idempotency.ErrKeyReused: "key-reused 422", idempotency.ErrInProgress: "in-progress 409", idempotency.ErrInterrupted: "interrupted 409",
		idempotency.ErrNotKept: "answer-not-kept 409", idempotency.ErrTooManyKeys: "too-many-keys 429",
	} {
		c.memory.fail = err
		kind, status, _ := strings.Cut(want, " ")
		a := c.call("POST", "/api/sessions", "", once("k"))
		p := c.problem(a, a.status)
		require.Equal(t, "urn:interplexer:problem:"+kind, p.Type)
		require.Equal(t, map[string]int{"409": 409, "422": 422, "429": 429}[status], a.status)
	}
}

// TestCreatedOnce is one pass through HTTP; the tests of keys are in idempotency.
func TestCreatedOnce(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		store := open()
		s := startService(t, store)
		alice, bob := s.user("alice", false), s.user("bob", false)
		const body = `{"name":"build","command":["cat"]}`
		first := alice.call("POST", "/api/sessions", body, once(`"k"`))
		require.Equal(t, 201, first.status, first.body)
		require.Empty(t, first.header.Get("Idempotency-Replayed"))
		again := func(c *client) {
			t.Helper()
			a := c.call("POST", "/api/sessions/", body, once("k"))
			require.Equal(t, [2]any{201, first.body}, [2]any{a.status, a.body})
			require.Equal(t, "true", a.header.Get("Idempotency-Replayed"))
			for _, name := range []string{"Location", "Content-Type", "Cache-Control"} {
				require.Equal(t, first.header.Get(name), a.header.Get(name))
			}
			require.NotEqual(t, first.header.Get("X-Request-Id"), a.header.Get("X-Request-Id"))
		}
		again(alice)
		p := alice.problem(alice.call("POST", "/api/sessions", `{"name":"test"}`, once("k")), 422)
		require.Equal(t, "urn:interplexer:problem:key-reused", p.Type)
		require.Equal(t, 201, bob.call("POST", "/api/sessions", `{"command":["cat"]}`, once("k")).status, "his own key")
		// A refused one can be mended.
		alice.problem(alice.call("POST", "/api/sessions", body, once("l")), 409)
		require.Equal(t, 201, alice.call("POST", "/api/sessions", `{"command":["cat"]}`, once("l")).status)
		require.Len(t, strings.Fields(alice.follow("/api/sessions")[0]), 2)

		require.Equal(t, 204, alice.call("DELETE", "/api/sessions/1", "").status)
		again(alice)
	})
}

// A request that comes again while the first is carried out is refused. The first is
// carried out to its end though its client leaves.
func TestCreateInProgress(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		store := open()
		begun, going := make(chan struct{}), make(chan struct{})
		s := startServiceWith(t, store, func(o *Options) { o.Registry = slow{o.Registry, begun, going} })
		alice := s.user("alice", false)
		ctx, leave := context.WithCancel(t.Context())
		r, err := http.NewRequestWithContext(ctx, "POST", s.url+"/api/sessions", nil)
		require.NoError(t, err)
		r.Header.Set("Authorization", "Bearer "+alice.token)
		r.Header.Set("Idempotency-Key", "k")
		left := make(chan error, 1)
		go func() {
			_, err := http.DefaultClient.Do(r)
			left <- err
		}()
		<-begun
		p := alice.problem(alice.call("POST", "/api/sessions", "", once("k")), 409)
		require.Equal(t, "urn:interplexer:problem:in-progress", p.Type)
		p = alice.problem(alice.call("POST", "/api/sessions", `{"name":"x"}`, once("k")), 422)
		require.Equal(t, "urn:interplexer:problem:key-reused", p.Type)

		leave()
		require.ErrorIs(t, <-left, context.Canceled)
		close(going)
		require.Eventually(t, func() bool {
			return alice.call("POST", "/api/sessions", "", once("k")).status == 201
		}, 20*time.Second, 10*time.Millisecond)
		require.Equal(t, []string{"1"}, alice.follow("/api/sessions"))
	})
}

// slow is a registry that waits before it creates.
type slow struct {
	Registry
	begun, going chan struct{}
}

func (s slow) Create(ctx context.Context, p session.Principal, o session.CreateOptions) (session.Session, error) {
	close(s.begun)
	<-s.going
	return s.Registry.Create(ctx, p, o)
}

// A command that is sent again under its key is not run again.
func TestRunOnce(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	c := s.user("alice", false)
	file := t.TempDir() + "/ran"
	at := c.create(`{"command":["bash","--norc"]}`)
	for path, body := range map[string]string{
		at + "/run": `{"command":"echo shell >>` + file + `; cat ` + file + `"}`,
		"/api/exec": `{"argv":["sh","-c","echo exec >>` + file + `; cat ` + file + `"]}`,
	} {
		first := c.call("POST", path, body, once("k"+path[5:]))
		require.Equal(t, 200, first.status, first.body)
		again := c.call("POST", path, body, once("k"+path[5:]))
		require.Equal(t, first.body, again.body)
		require.Equal(t, "true", again.header.Get("Idempotency-Replayed"))
	}
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.ElementsMatch(t, []string{"shell", "exec"}, strings.Fields(string(text)))
}
