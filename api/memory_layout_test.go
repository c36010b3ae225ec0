package api

import (
	"context"
	"errors"

	"interplexer/api/session"
)

// Windows and panes are for tests on the real thing.
var errNoWindows = errors.New("no windows in memory")

func (m *memory) Windows(context.Context, session.Principal, int64) (session.Session, error) {
	return session.Session{}, errNoWindows
}

func (m *memory) CreateWindow(context.Context, session.Principal, int64, session.NewWindow) (session.Session, string, error) {
	return session.Session{}, "", errNoWindows
}

func (m *memory) ChangeWindow(context.Context, session.Principal, int64, string, session.WindowChange) (session.Session, error) {
	return session.Session{}, errNoWindows
}

func (m *memory) KillWindow(context.Context, session.Principal, int64, string) error {
	return errNoWindows
}

func (m *memory) SplitPane(context.Context, session.Principal, int64, session.NewPane) (session.Session, string, error) {
	return session.Session{}, "", errNoWindows
}

func (m *memory) ChangePane(context.Context, session.Principal, int64, string, session.PaneChange) (session.Session, error) {
	return session.Session{}, errNoWindows
}

func (m *memory) SwapPanes(context.Context, session.Principal, int64, string, string) (session.Session, error) {
	return session.Session{}, errNoWindows
}

func (m *memory) KillPane(context.Context, session.Principal, int64, string) error {
	return errNoWindows
}

func (m *memory) Respawn(context.Context, session.Principal, int64, string, bool, session.Program) (session.Session, error) {
	return session.Session{}, errNoWindows
}
