package api

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"interplexer/api/idempotency"
	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
)

// memory is a registry without tmux and accounts without a store, for the tests of
// HTTP itself.
type memory struct {
	mu       sync.Mutex
	sessions []session.Session
	last     int64
	sent     []session.Input
	created  []session.CreateOptions
	edited   []session.Edit
	pages    []session.PageOptions
	keys     []string
	answers  []*idempotency.StoredResponse
	captured []session.CaptureOptions
	lines    []session.LinesOptions
	ran      []session.RunOptions
	executed []session.ExecOptions
	waited   []session.WaitOptions
	fail     error  // what every call to the domain answers, if set
	do       func() // called by every call to the domain, if set
}

const (
	aliceToken = "ipx_alice-0123456789012345678901234567890123456"
	bobToken   = "ipx_bob-012345678901234567890123456789012345678"
	rootToken  = "ipx_root-01234567890123456789012345678901234567"
)

func (m *memory) Authenticate(_ context.Context, token string) (session.Principal, error) {
	switch token {
	case aliceToken:
		return session.Principal{UserID: 1, User: "alice", TokenID: 1}, nil
	case bobToken:
		return session.Principal{UserID: 2, User: "bob", TokenID: 2}, nil
	case rootToken:
		return session.Principal{UserID: 3, User: "root", TokenID: 3, Admin: true}, nil
	}
	return session.Principal{}, session.ErrUnauthenticated
}

func (m *memory) enter() (func(), error) {
	if m.do != nil {
		m.do()
	}
	m.mu.Lock()
	return m.mu.Unlock, m.fail
}

func (m *memory) Create(_ context.Context, p session.Principal, o session.CreateOptions) (session.Session, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.Session{}, err
	}
	m.last++
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600))
	one := session.Session{
		ID: m.last, User: p.User, Name: o.Name, Status: session.Running, CreateTime: at, ModifyTime: at,
		Width: o.Width, Height: o.Height, Command: o.Command, Cwd: o.Cwd, Labels: o.Labels,
		Panes: []session.Pane{{ID: "%5", Window: "@3", Active: true, Width: 80, Height: 24, PID: 123}},
	}
	m.sessions = append(m.sessions, one)
	m.created = append(m.created, o)
	return one, nil
}

func (m *memory) find(p session.Principal, id int64) (int, error) {
	i := slices.IndexFunc(m.sessions, func(s session.Session) bool { return s.ID == id && s.User == p.User })
	if i < 0 {
		return 0, session.ErrNotFound
	}
	return i, nil
}

func (m *memory) Get(_ context.Context, p session.Principal, id int64) (session.Session, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.Session{}, err
	}
	i, err := m.find(p, id)
	if err != nil {
		return session.Session{}, err
	}
	return m.sessions[i], nil
}

func (m *memory) List(_ context.Context, p session.Principal) ([]session.Session, error) {
	leave, err := m.enter()
	defer leave()
	return slices.DeleteFunc(slices.Clone(m.sessions), func(s session.Session) bool { return s.User != p.User }), err
}

func (m *memory) Screen(_ context.Context, p session.Principal, id int64, o session.CaptureOptions) (session.Snapshot, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.Snapshot{}, err
	}
	if _, err := m.find(p, id); err != nil {
		return session.Snapshot{}, err
	}
	m.captured = append(m.captured, o)
	return session.Snapshot{Text: []byte("$ echo é\né\n\n"), ETag: `"0123456789abcdef0123456789abcdef"`}, nil
}

// Lines sends a screen in two pieces. Between them it fails with fail, if that is set.
func (m *memory) Lines(_ context.Context, p session.Principal, id int64, o session.LinesOptions, each func([]byte) error) error {
	leave, err := m.enter()
	defer leave()
	if _, unknown := m.find(p, id); unknown != nil {
		return unknown
	}
	if err == nil || o.First == cutLine {
		m.lines = append(m.lines, o)
		if refused := each([]byte("one\n")); refused != nil {
			return refused
		}
	}
	if err == nil {
		return each([]byte("two\n"))
	}
	return err
}

// cutLine as the first makes Lines fail only after a piece.
const cutLine = -7

// Wait fails with fail, if that is set, or notes its options and returns a match.
func (m *memory) Wait(_ context.Context, p session.Principal, id int64, o session.WaitOptions) (session.Waited, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.Waited{}, err
	}
	if _, err := m.find(p, id); err != nil {
		return session.Waited{}, err
	}
	m.waited = append(m.waited, o)
	group := "o"
	return session.Waited{
		Condition: session.ConditionText, Pane: "%5", Screen: "hello\n",
		Match: &session.Match{Text: "ello", Groups: []*string{&group, nil}, Line: "hello", Number: -1},
	}, nil
}

// View only fails: a Viewer needs a tmux.
func (m *memory) View(_ context.Context, p session.Principal, id int64, _ string) (*live.Viewer, error) {
	return nil, m.refuse(p, id)
}

// ViewAs does, too.
func (m *memory) ViewAs(_ context.Context, p session.Principal, id int64, _ session.CaptureOptions) (*live.Viewer, error) {
	return nil, m.refuse(p, id)
}

// Resize does, too.
func (m *memory) Resize(_ context.Context, p session.Principal, id int64, _, _ int) error {
	return m.refuse(p, id)
}

// Feed does, too.
func (m *memory) Feed(context.Context, session.Principal) (*registry.Feed, error) {
	leave, err := m.enter()
	defer leave()
	return nil, cmp.Or(err, errNotInMemory)
}

// refuse is the error of a call that memory does not implement: that of an unknown
// session, or errNotInMemory.
func (m *memory) refuse(p session.Principal, id int64) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	_, err = m.find(p, id)
	return cmp.Or(err, errNotInMemory)
}

// errNotInMemory: the tests of this call use a real tmux.
var errNotInMemory = errors.New("not in memory")

func (m *memory) Send(_ context.Context, p session.Principal, id int64, in session.Input) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	if _, err := m.find(p, id); err != nil {
		return err
	}
	m.sent = append(m.sent, in)
	return nil
}

func (m *memory) Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error) {
	list, err := m.List(ctx, p)
	m.pages = append(m.pages, o)
	return session.Page{Sessions: list, More: o.Limit > 0 && o.Limit < len(list)}, err
}

// memoryKeys are idempotency keys that nobody has used before.
type memoryKeys struct{ *memory }

func (m memoryKeys) Begin(context.Context, session.Principal, string, [32]byte) (*idempotency.StoredResponse, error) {
	return nil, m.fail
}

func (m memoryKeys) End(_ context.Context, _ session.Principal, key string, a *idempotency.StoredResponse) error {
	m.answers = append(m.answers, a)
	m.keys = append(m.keys, key)
	return nil
}

func (m *memory) Edit(_ context.Context, p session.Principal, id int64, e session.Edit) (session.Session, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.Session{}, err
	}
	i, err := m.find(p, id)
	if err != nil {
		return session.Session{}, err
	}
	m.edited = append(m.edited, e)
	return m.sessions[i], nil
}

func (m *memory) End(_ context.Context, p session.Principal, id int64) error {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return err
	}
	i, err := m.find(p, id)
	if err == nil {
		m.sessions = slices.Delete(m.sessions, i, i+1)
	}
	return err
}
