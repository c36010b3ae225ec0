package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"interplexer/db/dbtest"
)

// TestMain puts this program into $PATH as interplexer, for the scripts and
// for the tests that start servers; both run it with the race detector when
// the tests do.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"interplexer": main})
}

// suite also stops the private Postgres and looks for leaked goroutines.
type suite struct{ m *testing.M }

func (s suite) Run() int { return dbtest.Main(s.m) }

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// Whatever a script starts stays in its own folder.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TMUX_TMPDIR", env.WorkDir)
			return nil
		},
	})
}
