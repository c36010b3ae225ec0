package api

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/controlmode/handover"
	"interplexer/db"
	"interplexer/db/dbtest"
)

func (c *client) shellOf(sh testShell) (at string) {
	c.t.Helper()
	command, err := json.Marshal(sh.command)
	require.NoError(c.t, err)
	return c.create(`{"command":` + string(command) + `}`)
}

// A command that is not over in time goes on, and is waited for again; meanwhile
// the pane takes no other. An interrupt ends it as it would one that was typed.
func TestRunGoesOn(t *testing.T) {
	t.Parallel()
	for _, sh := range testShells {
		t.Run(sh.name, func(t *testing.T) {
			s := startService(t, dbtest.Open(t, db.SQLite))
			alice := s.user("alice", false)
			at := alice.shellOf(sh)
			require.Equal(t, 200, alice.run(at, "true", nil).status) // it has started
			late := alice.run(at, `echo first; sleep 1000; echo never`, map[string]any{"timeout": 1})
			require.Equal(t, 408, late.status, late.body)
			require.Equal(t, "first\n", late.Output, late.body)
			require.Contains(t, late.body, "urn:interplexer:problem:run-timeout")

			other := alice.run(at, `echo second`, nil)
			require.Equal(t, 409, other.status)
			require.Contains(t, other.body, "urn:interplexer:problem:running")
			require.Equal(t, late.Next, other.Next)
			require.Equal(t, 408, alice.call("GET", late.Next+"&timeout=0", "").status)

			ended := make(chan answer, 1)
			go func() { ended <- alice.call("GET", late.Next+"&timeout=20", "") }()
			require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":["C-c"]}`).status)
			r := alice.ran(<-ended)
			require.Equal(t, 200, r.status, r.body)
			require.Equal(t, 130, *r.ExitCode, r.body)
			require.Regexp(t, `^first\n(\^C\n?)?$`, r.Output)
			require.False(t, r.Truncated)

			status := "echo $?"
			if !sh.posix() {
				status = "echo $status"
			}
			r = alice.run(at, status, nil)
			require.Equal(t, "130\n", r.Output, r.body)
			again := alice.ran(alice.call("GET", late.Next, ""))
			require.Equal(t, 130, *again.ExitCode, again.body)
			alice.problem(alice.call("GET", at+"/run?run=unknown", ""), 404)
			alice.noMarks(at, sh, awkward{keep: true}, "sleep 1000")
			require.Equal(t, 204, alice.call("DELETE", at, "").status)
			alice.problem(alice.call("GET", late.Next, ""), 404)
		})
	}
}

func TestRunEndsTheShell(t *testing.T) {
	t.Parallel()
	for _, sh := range testShells {
		t.Run(sh.name, func(t *testing.T) {
			s := startService(t, dbtest.Open(t, db.SQLite))
			alice := s.user("alice", false)
			ends := []string{`echo last; exit 3`, `echo last; exec sh -c 'exit 4'`}
			if sh.posix() {
				ends = append(ends, "echo last; set -e; sh -c 'exit 5'; echo more")
			}
			for _, command := range ends {
				at := alice.shellOf(sh)
				r := alice.run(at, command, nil)
				require.Equal(t, 200, r.status, r.body)
				if r.ExitCode != nil { // fish tells before it exits
					require.Equal(t, "fish", sh.name)
					require.Equal(t, 3, *r.ExitCode)
				} else {
					require.True(t, r.ShellEnded, r.body)
				}
				if !r.Truncated { // tmux drops what it has not told when the pane ends
					require.Equal(t, "last\n", r.Output, r.body)
				}
				require.Eventually(t, func() bool { return alice.session(at).Status == "exited" }, 10*time.Second, time.Millisecond)
				ended := alice.run(at, "echo ended", nil)
				require.Equal(t, 409, ended.status)
				require.Contains(t, ended.body, "urn:interplexer:problem:ended")
			}
		})
	}
}

func TestRunNeedsAShell(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	for _, command := range []string{`["cat"]`, `["dash","-c","cat; cat"]`} {
		at := alice.create(`{"command":` + command + `}`)
		began := time.Now()
		r := alice.run(at, "echo typed", nil)
		require.Equal(t, 409, r.status, "%s: %s", command, r.body)
		require.Contains(t, r.body, "urn:interplexer:problem:no-shell")
		require.Less(t, time.Since(began), time.Second)
		alice.shows(at, "")
	}
	at := alice.shellOf(testShells[0])
	require.Equal(t, 200, alice.run(at, "PS1=", nil).status)
	alice.typeLine(at, "read line; echo got $line")
	require.Eventually(t, func() bool { return alice.run(at, "echo typed", nil).status == 409 }, 20*time.Second, time.Millisecond)
}

// A shell that another program execs within a moment is one. (That has its time; on
// a machine with much to do a program may take longer, and the next is tried.)
func TestRunAwaitsTheShell(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	require.Eventually(t, func() bool {
		r := alice.run(alice.create(`{"command":["sh","-c","sleep 0.1; exec bash --norc"]}`), "echo typed", nil)
		return r.status == 200 && r.Output == "typed\n"
	}, 20*time.Second, time.Millisecond)
}

// When the output cannot be heard, the answer says so, and how the command ended
// is known all the same.
func TestRunWithoutTheHub(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.shellOf(testShells[0])
	late := alice.run(at, "echo first; read line; echo $line; (exit 3)", map[string]any{"timeout": 1})
	require.Equal(t, 408, late.status, late.body)
	s.kill(s.hubPID())
	require.Eventually(t, func() bool {
		return alice.ran(alice.call("GET", late.Next+"&timeout=0", "")).Truncated
	}, 20*time.Second, time.Millisecond)
	alice.typeLine(at, "typed")
	r := alice.ran(alice.call("GET", late.Next+"&timeout=20", ""))
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, 3, *r.ExitCode)
	require.True(t, r.Truncated)
	require.Equal(t, "first\n", r.Output)
	r = alice.run(at, "echo again", nil)
	require.Equal(t, "again\n", r.Output, r.body)
	require.False(t, r.Truncated)
}

// Somebody who cleans the folder for temporary files takes a run's scripts away;
// its end is heard all the same.
func TestRunWhoseFilesAreRemoved(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["bash","--norc"]}`)
	require.Equal(t, 200, alice.run(at, "true", nil).status)
	late := alice.run(at, `read x; (exit 4)`, map[string]any{"timeout": 0.5})
	require.Equal(t, 408, late.status, late.body)
	socket := strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{socket_path}"))
	files := func() []string {
		all, err := filepath.Glob(filepath.Join(filepath.Dir(socket), fmt.Sprintf("%s%d-*", handover.Prefix, os.Getpid())))
		require.NoError(t, err)
		return all
	}
	before := files()
	require.NotEmpty(t, before)
	for _, path := range before {
		require.NoError(t, os.Remove(path))
	}
	require.Eventually(t, func() bool { return slices.Equal(before, files()) }, 10*time.Second, 10*time.Millisecond)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":["x","Enter"]}`).status)
	r := alice.ran(alice.call("GET", late.Next+"&timeout=20", ""))
	require.Equal(t, 200, r.status, r.body)
	require.Equal(t, 4, *r.ExitCode)
	require.Equal(t, 200, alice.run(at, "true", nil).status)
	require.Empty(t, files(), "what is over leaves nothing")
}
