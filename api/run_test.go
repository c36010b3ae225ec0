package api

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// ran is the answer of a run.
type ran struct {
	Output     string
	Encoding   string
	Truncated  bool
	ExitCode   *int  `json:"exit_code"`
	Duration   int64 `json:"duration_ms"`
	Run        string
	ShellEnded bool `json:"shell_ended"`
	Next       string
	status     int
	body       string
}

func (c *client) run(at, command string, with map[string]any) ran {
	c.t.Helper()
	body := map[string]any{"command": command, "timeout": 30}
	for name, value := range with {
		body[name] = value
	}
	text, err := json.Marshal(body)
	require.NoError(c.t, err)
	return c.ran(c.call("POST", at+"/run", string(text)))
}

func (c *client) ran(a answer) (r ran) {
	c.t.Helper()
	require.NoError(c.t, json.Unmarshal([]byte(a.body), &r))
	if r.Encoding == "base64" {
		output, err := base64.StdEncoding.DecodeString(r.Output)
		require.NoError(c.t, err)
		r.Output = string(output)
	}
	r.status, r.body = a.status, a.body
	return r
}

// runAwkward runs one and types its input meanwhile.
func (c *client) runAwkward(at, command string, a awkward) ran {
	with := map[string]any{}
	if a.most > 0 {
		with["max_output"] = a.most
	}
	if a.input == "" {
		return c.run(at, command, with)
	}
	with["timeout"] = 0.2
	r := c.run(at, command, with)
	require.Equal(c.t, 408, r.status, r.body)
	c.typeLine(at, a.input)
	return c.ran(c.call("GET", r.Next+"&timeout=20", ""))
}

// marksOnScreen are what must be seen nowhere.
var marksOnScreen = regexp.MustCompile(`__interplexer|\.ipx-|1049|;begin|\[200~`)

func TestAwkwardCommands(t *testing.T) {
	t.Parallel()
	var whole atomic.Int64 // outputs too large to be heard on a machine that is too busy
	t.Run("shells", func(t *testing.T) {
		for _, sh := range testShells {
			t.Run(sh.name, func(t *testing.T) {
				t.Parallel()
				runAwkwardCommands(t, sh, &whole)
			})
		}
	})
	require.Positive(t, whole.Load(), "10 MB were heard in no shell")
}

func runAwkwardCommands(t *testing.T, sh testShell, whole *atomic.Int64) {
	t.Helper()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	command, _ := json.Marshal(sh.command)
	at := alice.create(`{"command":` + string(command) + `,"env":{"HISTFILE":"/dev/null","HISTSIZE":"1000"}}`)
	table := fmt.Sprintf("%-22s %6s %9s  %s\n", sh.name, "code", "bytes", "took")
	for _, a := range awkwardCommands() {
		if a.only != nil && !a.only(sh) {
			continue
		}
		typed := sh.spelt(a)
		began := time.Now()
		r := alice.runAwkward(at, typed, a)
		for tries := 1; tries < 3 && len(a.output) > 1<<20 && r.Truncated; tries++ {
			// The machine was too busy to hear it all: it says so.
			require.True(t, strings.HasPrefix(a.output, r.Output), a.name)
			r = alice.runAwkward(at, typed, a)
		}
		took := time.Since(began)
		require.Equal(t, 200, r.status, "%s: %s", a.name, r.body)
		if len(a.output) > 1<<20 {
			if r.Truncated {
				require.True(t, strings.HasPrefix(a.output, r.Output), a.name)
				t.Logf("%s: too busy, %d bytes were heard", a.name, len(r.Output))
				continue
			}
			whole.Add(1)
		}
		require.NotNil(t, r.ExitCode, "%s: %s", a.name, r.body)
		a.judge(t, r)
		alice.noMarks(at, sh, a, typed)
		table += fmt.Sprintf("%-22s %6d %9d  %.1f ms\n", a.name, *r.ExitCode, len(r.Output), took.Seconds()*1000)
	}
	t.Log("\n" + table)
}

func (a awkward) judge(t *testing.T, r ran) {
	t.Helper()
	if a.like != "" {
		require.Regexp(t, a.like, r.Output, a.name)
	} else if len(a.output) < 1000 || len(r.Output) < 1000 {
		require.Equal(t, a.output, r.Output, a.name)
	} else {
		require.True(t, a.output == r.Output, "%s: %d bytes, not %d", a.name, len(r.Output), len(a.output))
	}
	require.Equal(t, a.most == 5, r.Truncated, a.name)
	if a.codes != "" {
		require.Regexp(t, a.codes, fmt.Sprint(*r.ExitCode), a.name)
	} else {
		require.Equal(t, a.code, *r.ExitCode, "%s: %s", a.name, r.Output)
	}
}

// A newline that follows another is the first thing to go where a terminal is held
// up in the midst of a write (Linux forgets it).
func TestRunHearsEveryLine(t *testing.T) {
	t.Parallel()
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.create(`{"command":["bash","--norc","--noprofile"]}`)
	whole := 0
	for range 20 {
		r := alice.run(at, `yes '' | head -n 200000`, map[string]any{"max_output": 1 << 20})
		require.Equal(t, 200, r.status, r.body)
		if !r.Truncated { // as it says where the machine is too busy
			require.Equal(t, 200_000, len(r.Output))
			whole++
		}
	}
	require.Positive(t, whole)
}

// noMarks looks at the screen and at the shell's history after a command.
func (c *client) noMarks(at string, sh testShell, a awkward, typed string) {
	c.t.Helper()
	screen := c.call("GET", at+"/capture-pane?trim=true", "").body
	require.NotRegexp(c.t, marksOnScreen, strings.ReplaceAll(screen, "?1049", ""), a.name)
	first, _, _ := strings.Cut(typed, "\n")
	if !a.wiped {
		wrapped := strings.ReplaceAll(screen, "\n", "")
		require.Contains(c.t, wrapped, first, "%s: as it was typed", a.name)
	}
	if sh.history == "" || a.keep {
		return
	}
	history := c.history(at, sh)
	require.NotRegexp(c.t, `__interplexer|\.ipx-|memfd`, history, a.name)
	if sh.name == "fish" && (a.name == "syntax error" || strings.HasPrefix(first, " ")) {
		return // fish itself does not keep these
	}
	if sh.name == "busybox" {
		first = first[:min(len(first), 900)]
	}
	require.Contains(c.t, history, first, a.name)
}

// history is the history of the shell; listing it is a command as well.
func (c *client) history(at string, sh testShell) string {
	c.t.Helper()
	file := filepath.Join(c.t.TempDir(), "history")
	require.Equal(c.t, 200, c.run(at, sh.history+" >"+file, nil).status)
	list, err := os.ReadFile(file)
	require.NoError(c.t, err)
	if sh.name != "busybox" {
		return string(list)
	}
	// There the line is mended when its command has ended, not before.
	before := strings.TrimSuffix(string(list), "\n")
	return before[:strings.LastIndex(before, "\n")+1]
}
