package main

import (
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"interplexer/db/dbtest"
)

// TestMain puts this program into $PATH as interplexer, for the scripts and for the
// tests that start services. It has the race detector if the tests have it.
func TestMain(m *testing.M) {
	testscript.Main(suite{m}, map[string]func(){"interplexer": main})
}

// suite runs the tests, then stops the private Postgres and checks for leaked
// goroutines.
type suite struct{ m *testing.M }

func (s suite) Run() int { return dbtest.Main(s.m) }

// TestScripts runs the scripts of testdata in parallel, each in a folder and with a
// tmux server of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(env *testscript.Env) error {
			// The programs of a script write to its own folder only.
			env.Setenv("HOME", env.WorkDir)
			env.Setenv("TMUX_TMPDIR", env.WorkDir)
			// The race detector waits a second at exit by default.
			env.Setenv("GORACE", "atexit_sleep_ms=0 "+os.Getenv("GORACE"))
			return nil
		},
	})
}
