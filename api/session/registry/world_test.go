package registry_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/controlmode"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// world is a Service with a store that a test can break, and two users.
type world struct {
	*sessiontest.Service
	t          *testing.T
	store      *faultyStore
	marker     string // the file that $PWNED names in tmux
	alice, bob session.Principal
}

// onBothStores runs a test on a world of each kind of store.
func onBothStores(t *testing.T, test func(w *world)) {
	t.Helper()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) { test(newWorld(t, open())) })
}

func newWorld(t *testing.T, store *db.Store) *world {
	t.Helper()
	w := &world{t: t, store: &faultyStore{Store: store}, marker: filepath.Join(t.TempDir(), "pwned")}
	w.store.on(nil)
	w.Service = sessiontest.New(t, store, sessiontest.Options{
		Registry: registry.Options{Quota: 100},
		Tmux:     controlmode.ServerOptions{Env: append(controlmode.CleanEnv(os.Environ()), "PWNED="+w.marker)},
		Store:    func(*db.Store) registry.Store { return w.store },
	})
	w.alice, w.bob = w.User("alice", false), w.User("bob", false)
	return w
}

// restart replaces the Registry by one that knows nothing yet, as after a crash, and
// lets it reconcile.
func (w *world) restart() {
	w.t.Helper()
	w.store.on(nil)
	w.Restart()
}

func (w *world) reconcile() {
	w.t.Helper()
	require.NoError(w.t, w.Reconcile(w.t.Context()))
}

// plain leaves out what only a closer look shows.
func plain(s session.Session) session.Session {
	s.Windows = nil
	for i := range s.Panes {
		s.Panes[i].PaneDetail = nil
	}
	return s
}

func (w *world) list(p session.Principal) []session.Session {
	w.t.Helper()
	list, err := w.List(w.t.Context(), p)
	require.NoError(w.t, err)
	return list
}

// tmuxSessions are "id identity" of every session on the tmux server but
// anchors, as a plain tmux client sees them.
func (w *world) tmuxSessions() []string {
	w.t.Helper()
	var list []string
	out := controltest.Tmux(w.t, w.Socket, "list-sessions", "-F", "#{session_name} #{session_id} #{@interplexer_id}")
	for line := range strings.Lines(out) {
		name, rest, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		if !controlmode.IsAnchor(name) {
			list = append(list, rest)
		}
	}
	slices.Sort(list)
	return list
}

func (w *world) rows() []db.Session {
	w.t.Helper()
	rows, err := w.store.Store.SessionsOnServer(w.t.Context(), w.Socket)
	require.NoError(w.t, err)
	return rows
}

func (w *world) row(id int64) db.Session {
	w.t.Helper()
	row, err := w.store.Store.SessionByID(w.t.Context(), id)
	require.NoError(w.t, err)
	return row
}

// agree requires that each live row has its session and each session its row.
func (w *world) agree() {
	w.t.Helper()
	var want []string
	for _, row := range w.rows() {
		require.NotEqual(w.t, db.StatusStarting, row.Status)
		if row.Status == db.StatusRunning {
			want = append(want, row.TmuxID+" "+row.UID+" "+row.User.Name)
		}
	}
	slices.Sort(want)
	require.Empty(w.t, cmp.Diff(want, w.tmuxSessions()))
}

// nothing requires that there is no row, no session, and that nothing ran.
func (w *world) nothing() {
	w.t.Helper()
	require.Empty(w.t, w.rows())
	require.Empty(w.t, w.tmuxSessions())
	require.NoFileExists(w.t, w.marker)
}
