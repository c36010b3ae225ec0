package api

import (
	"context"

	"interplexer/api/session"
)

// The calls about windows and panes only fail: their tests use a real tmux.

func (m *memory) Windows(_ context.Context, p session.Principal, id int64) (session.Session, error) {
	return session.Session{}, m.refuse(p, id)
}

func (m *memory) CreateWindow(_ context.Context, p session.Principal, id int64, _ session.NewWindow) (session.Session, string, error) {
	return session.Session{}, "", m.refuse(p, id)
}

func (m *memory) ChangeWindow(_ context.Context, p session.Principal, id int64, _ string, _ session.WindowChange) (session.Session, error) {
	return session.Session{}, m.refuse(p, id)
}

func (m *memory) KillWindow(_ context.Context, p session.Principal, id int64, _ string) error {
	return m.refuse(p, id)
}

func (m *memory) SplitPane(_ context.Context, p session.Principal, id int64, _ session.NewPane) (session.Session, string, error) {
	return session.Session{}, "", m.refuse(p, id)
}

func (m *memory) ChangePane(_ context.Context, p session.Principal, id int64, _ string, _ session.PaneChange) (session.Session, error) {
	return session.Session{}, m.refuse(p, id)
}

func (m *memory) SwapPanes(_ context.Context, p session.Principal, id int64, _, _ string) (session.Session, error) {
	return session.Session{}, m.refuse(p, id)
}

func (m *memory) KillPane(_ context.Context, p session.Principal, id int64, _ string) error {
	return m.refuse(p, id)
}

func (m *memory) Respawn(_ context.Context, p session.Principal, id int64, _ string, _ bool, _ session.Program) (session.Session, error) {
	return session.Session{}, m.refuse(p, id)
}
