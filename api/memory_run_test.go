package api

import (
	"context"
	"time"

	"interplexer/api/session"
)

func (m *memory) RunCommand(_ context.Context, p session.Principal, id int64, o session.RunOptions) (session.RunResult, error) {
	leave, err := m.enter()
	defer leave()
	if err == nil {
		_, err = m.find(p, id)
	}
	if err != nil {
		return session.RunResult{}, err
	}
	m.ran = append(m.ran, o)
	return session.RunResult{ID: "r1", Output: []byte(o.Command), ExitCode: new(int)}, nil
}

func (m *memory) Exec(_ context.Context, _ session.Principal, o session.ExecOptions) (session.RunResult, error) {
	leave, err := m.enter()
	defer leave()
	if err != nil {
		return session.RunResult{}, err
	}
	m.executed = append(m.executed, o)
	return session.RunResult{ID: "r1", Output: []byte(o.Command), ExitCode: new(int)}, nil
}

func (m *memory) AwaitRun(_ context.Context, p session.Principal, id int64, run string, _ time.Duration) (session.RunResult, error) {
	leave, err := m.enter()
	defer leave()
	if err == nil {
		_, err = m.find(p, id)
	}
	if err == nil && run != "r1" {
		err = session.ErrNotFound
	}
	if err != nil {
		return session.RunResult{}, err
	}
	return session.RunResult{ID: run, ExitCode: new(int)}, nil
}
