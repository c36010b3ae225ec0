package main

import (
	"context"
	"fmt"
	"os/exec"
	"runtime"

	"interplexer/controlmode"
)

// machine is what figures depend on and a reader has to know.
type machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	Tmux  string `json:"tmux"`
	// CaptureLeaks: this tmux leaks what capture-pane -p prints to a control
	// client (3.2 to 3.5a), so that the service captures the longer way round.
	CaptureLeaks bool   `json:"capture_leaks"`
	Store        string `json:"store"`
}

func describeMachine(ctx context.Context, s settings) (machine, error) {
	out, err := exec.CommandContext(ctx, s.tmux, "-V").Output()
	if err != nil {
		return machine{}, fmt.Errorf("bench: %s -V: %w", s.tmux, err)
	}
	v, err := controlmode.ParseVersion(string(out))
	if err != nil {
		return machine{}, err
	}
	store := "SQLite"
	if s.databaseURL != "" {
		store = "Postgres"
	}
	return machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Tmux: v.Text, CaptureLeaks: v.Major < 3 || v.Major == 3 && v.Minor < 6, Store: store,
	}, nil
}

func (m machine) String() string {
	form := "capture-pane -p"
	if m.CaptureLeaks {
		form = "the leak-free form, as capture-pane -p leaks"
	}
	return fmt.Sprintf("tmux %s (captures by %s), %d cores, %s/%s, %s, %s", m.Tmux, form, m.Cores, m.OS, m.Arch, m.Go, m.Store)
}
