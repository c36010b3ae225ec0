package api

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// The calls of the original Django application's clients, in their order.
func TestOriginsWorkflow(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		c := s.user("alice", false)
		require.Equal(t, 200, c.as("").call("GET", "/readyz", "").status)
		require.Equal(t, 201, c.call("POST", "/api/sessions/", "").status)
		require.Equal(t, 201, c.call("POST", "/api/sessions/", `{"command":["cat"]}`).status)
		require.Equal(t, 204, c.call("POST", "/api/session/2/send-keys/", `{"keys":"echo hello"}`).status)
		c.shows("/api/sessions/2", "echo hello\necho hello\n")
		a := c.call("POST", "/api/session/2/capture-pane/", "")
		require.Equal(t, "text/plain; charset=utf-8", a.header.Get("Content-Type"))
		require.Contains(t, a.body, "echo hello\n")
		for _, id := range []string{"1", "2"} {
			require.Equal(t, 204, c.call("DELETE", "/api/sessions/"+id+"/", "").status)
			c.problem(c.call("GET", "/api/sessions/"+id+"/", ""), 404)
			c.problem(c.call("POST", "/api/session/"+id+"/capture-pane/", ""), 404)
		}
		require.Equal(t, "[]\n", c.call("GET", "/api/sessions/", "").body)
	})
}

// screens is a registry that answers captures at once.
type screens struct{ memory }

var screen = make([]byte, 80*24)

func (*screens) Capture(context.Context, session.Principal, int64, session.CaptureOptions) ([]byte, error) {
	return screen, nil
}

// nowhere is a http.ResponseWriter that drops the response.
type nowhere struct{ header http.Header }

func (n nowhere) Header() http.Header         { return n.header }
func (n nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (n nowhere) WriteHeader(int)             {}

// BenchmarkCapture measures the cost of HTTP for a poll, without the network and
// without tmux.
func BenchmarkCapture(b *testing.B) {
	m := &screens{}
	s := New(Options{Registry: m, Runs: m, Waits: m, Keys: memoryKeys{&m.memory}, Accounts: m})
	r := httptest.NewRequest(http.MethodPost, "/api/session/1/capture-pane/", nil)
	r.Host = "127.0.0.1:8420"
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			s.Handler().ServeHTTP(nowhere{http.Header{}}, r)
		}
	})
}

func FuzzParseObject(f *testing.F) {
	for _, seed := range []string{`{}`, `{"keys":["a","\ud83d\ude00"],"enter":true}`, `{"text":"\ud800"}`, `{"a":{"b":[1,null]}}`, `[`, `{"text":"\\u"}`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, body string) {
		o, err := parseObject([]byte(body))
		if err != nil {
			require.IsType(t, badRequest(""), err)
			return
		}
		if _, err := inputOptions(o); err != nil {
			var input *session.InvalidError
			require.ErrorAs(t, err, &input)
		}
	})
}
