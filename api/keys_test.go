package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session/sessiontest"
	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

// named is the name of a session in tmux.
func named(at string) string { return "session-" + at[strings.LastIndexByte(at, '/')+1:] }

func TestKeysToADeadPane(t *testing.T) {
	t.Parallel()
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","tmux set-option -w remain-on-exit on; tmux split-window -d cat; exec cat"]}`)
	require.Eventually(t, func() bool {
		return controltest.Tmux(t, s.socket, "display-message", "-p", "-t", named(at), "#{window_panes}") == "2\n"
	}, 10*time.Second, 5*time.Millisecond)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":["C-d"]}`).status)
	require.Eventually(t, func() bool {
		return strings.Contains(alice.call("GET", at, "").body, `"dead":true`)
	}, 10*time.Second, 5*time.Millisecond)
	a := alice.call("POST", at+"/send-keys", `{"keys":"x"}`)
	require.Equal(t, "urn:interplexer:problem:pane-dead", alice.problem(a, 409).Type)
	other := strings.Fields(controltest.Tmux(t, s.socket, "list-panes", "-t", named(at), "-F", "#{pane_id}"))[1]
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"keys":"x","pane":"`+other+`"}`).status, "the other pane lives")
}

func TestKeysToAPaneInCopyMode(t *testing.T) {
	t.Parallel()
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	controltest.Tmux(t, s.socket, "copy-mode", "-t", named(at))
	a := alice.call("POST", at+"/send-keys", `{"text":"refused","in_mode":"refuse"}`)
	require.Equal(t, "urn:interplexer:problem:pane-in-mode", alice.problem(a, 409).Type)
	require.Equal(t, "1\n", controltest.Tmux(t, s.socket, "display-message", "-p", "-t", named(at), "#{pane_in_mode}"), "it is left alone")
	require.Equal(t, 422, alice.call("POST", at+"/send-keys", `{"text":"x","in_mode":"stay"}`).status)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":"typed"}`).status)
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":" more","in_mode":"refuse"}`).status)
	require.Eventually(t, func() bool {
		return strings.HasPrefix(alice.call("GET", at+"/capture-pane", "").body, "typed more\n")
	}, 10*time.Second, 5*time.Millisecond)
}

// A program that does not read gets a bounded amount of input, slows nobody else down,
// and gets every byte that was accepted once it reads.
func TestProgramThatNeverReads(t *testing.T) {
	t.Parallel()
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	file := filepath.Join(t.TempDir(), "read")
	program, err := json.Marshal([]string{"sh", "-c", `stty raw -echo; tmux wait-for -S notreading; tmux wait-for go; exec head -c "$(cat "$0.size")" >"$0"`, file})
	require.NoError(t, err)
	at := alice.create(`{"command":` + string(program) + `}`)
	quiet := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	controltest.Tmux(t, s.socket, "wait-for", "notreading")
	server := strings.TrimSpace(controltest.Tmux(t, s.socket, "display-message", "-p", "#{pid}"))
	before := sessiontest.MemoryKB(t, server)
	piece := strings.Repeat("0123456789abcdef", 16<<10) // 256 KiB
	taken := 0
	for refused := 0; refused < 20; {
		a := alice.call("POST", at+"/send-keys", `{"text":"`+piece+`"}`)
		if a.status == 204 {
			require.Zero(t, refused)
			taken += len(piece)
			require.LessOrEqual(t, taken, 4<<20)
			continue
		}
		require.Equal(t, "urn:interplexer:problem:not-reading", alice.problem(a, 503).Type)
		refused++
	}
	require.Less(t, sessiontest.MemoryKB(t, server)-before, 16<<10)
	require.Equal(t, 204, alice.call("POST", quiet+"/send-keys", `{"text":"served"}`).status)
	require.Eventually(t, func() bool {
		return strings.HasPrefix(alice.call("GET", quiet+"/capture-pane", "").body, "served\n")
	}, 10*time.Second, 5*time.Millisecond)

	require.NoError(t, os.WriteFile(file+".size", []byte(strconv.Itoa(taken+4)), 0o600))
	controltest.Tmux(t, s.socket, "wait-for", "-S", "go")
	require.Eventually(t, func() bool {
		return alice.call("POST", at+"/send-keys", `{"text":"last"}`).status == 204
	}, 10*time.Second, 5*time.Millisecond, "it reads again")
	require.Eventually(t, func() bool {
		got, err := os.ReadFile(file)
		return err == nil && string(got) == strings.Repeat(piece, taken/len(piece))+"last"
	}, 10*time.Second, 5*time.Millisecond)
}
