package api

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

// inside is a client and one session of its user, whose windows and panes it changes.
type inside struct {
	*client
	at string
}

func newInside(t *testing.T, body string) inside {
	t.Helper()
	s := startService(t, dbtest.Open(t, db.SQLite))
	c := s.user("alice", false)
	return inside{client: c, at: c.create(body)}
}

// change calls a route below the session and decodes the response into v.
func (i inside) change(method, path, body string, status int, v any) {
	i.t.Helper()
	a := i.call(method, i.at+path, body)
	require.Equal(i.t, status, a.status, "%s %s: %s", method, path, a.body)
	if v != nil {
		require.NoError(i.t, json.Unmarshal([]byte(a.body), v))
	}
}

// becomes waits for a change of the session that makes no event.
func (i inside) becomes(is func(sessionJSON) bool) sessionJSON {
	i.t.Helper()
	require.Eventually(i.t, func() bool { return is(i.session(i.at)) }, 20*time.Second, 5*time.Millisecond)
	return i.session(i.at)
}

func TestWindowsOfASession(t *testing.T) {
	t.Parallel()
	i := newInside(t, `{"command":["cat"]}`)
	first := i.session(i.at).Windows[0]
	require.True(t, first.Active)
	var made windowPanesJSON
	i.change("POST", "/windows", `{"name":"#{pid} é","command":["sh","-c","echo $X; exec cat"],"cwd":"/tmp","env":{"X":"set"},"background":true}`, 201, &made)
	require.Equal(t, "#{pid} é", made.Name)
	require.False(t, made.Active)
	require.Len(t, made.Panes, 1)
	a := i.call("POST", i.at+"/windows", `{"command":["cat"]}`)
	require.Equal(t, 201, a.status)
	at := a.header.Get("Location")
	require.Regexp(t, "^"+i.at+"/windows/[0-9]+$", at)
	require.Equal(t, 200, i.call("GET", at, "").status)
	for _, spelling := range []string{made.ID[1:], made.ID, "%40" + made.ID[1:]} {
		i.change("GET", "/windows/"+spelling, "", 200, &made)
	}
	var list []windowPanesJSON
	i.change("GET", "/windows", "", 200, &list)
	require.Len(t, list, 3)
	require.Equal(t, []int{0, 1, 2}, []int{list[0].Index, list[1].Index, list[2].Index})
	require.True(t, list[2].Active, "the newest, unless made in the background")

	i.change("PATCH", "/windows/"+made.ID[1:], `{"name":"b.c:d","active":true,"layout":"tiled"}`, 200, &made)
	require.Equal(t, "b.c:d", made.Name)
	require.True(t, made.Active)
	i.shows(i.at, "set\n")
	i.change("PATCH", "/windows/"+first.ID[1:], `{}`, 200, nil)

	for body, field := range map[string]string{
		`{"name":""}`: "name", `{"name":"a\nb"}`: "name", `{"name":"` + strings.Repeat("x", 65) + `"}`: "name",
		`{"layout":"b25d,80x24,0,0,0"}`: "layout", `{"active":false}`: "active", `{"nope":1}`: "nope",
	} {
		require.Equal(t, field, i.problem(i.call("PATCH", i.at+"/windows/"+first.ID[1:], body), 422).Errors[0].Field, body)
	}
	for body, field := range map[string]string{
		`{"cwd":"/nonexistent"}`: "cwd", `{"command":["/nonexistent"]}`: "command[0]", `{"env":{"a b":"c"}}`: "env", `{"name":"\u001b"}`: "name",
	} {
		require.Equal(t, field, i.problem(i.call("POST", i.at+"/windows", body), 422).Errors[0].Field, body)
	}
	for _, id := range []string{"999", "03", "x", "%253", "", "-1"} {
		i.problem(i.call("DELETE", i.at+"/windows/"+id+"/x", ""), 404)
		if id != "" {
			i.problem(i.call("GET", i.at+"/windows/"+id, ""), 404)
		}
	}
	i.change("DELETE", "/windows/"+made.ID[1:], "", 204, nil)
	i.problem(i.call("GET", i.at+"/windows/"+made.ID[1:], ""), 404)
	i.change("DELETE", at[len(i.at):], "", 204, nil)
	i.change("DELETE", "/windows/"+first.ID[1:], "", 204, nil)
	require.Equal(t, "exited", i.session(i.at).Status, "the last one ends the session")
	i.problem(i.call("GET", i.at+"/windows", ""), 409)
}

func TestPanesOfASession(t *testing.T) {
	t.Parallel()
	i := newInside(t, `{"command":["cat"]}`)
	first := i.session(i.at).Panes[0]
	var right, above paneJSON
	i.change("POST", "/panes", `{"side":"right","size":30,"command":["cat"]}`, 201, &right)
	require.Equal(t, 30, right.Width)
	require.True(t, right.Active)
	i.change("POST", "/panes", `{"pane":"`+right.ID+`","side":"above","size":"25%","command":["cat"],"background":true}`, 201, &above)
	require.False(t, above.Active)
	require.Zero(t, above.Top)
	require.Equal(t, 50, above.Left)
	var list []paneJSON
	i.change("GET", "/panes", "", 200, &list)
	require.Len(t, list, 3)

	at := "/panes/" + right.ID[1:]
	i.change("GET", "/panes/%25"+right.ID[1:], "", 200, nil)
	i.change("PATCH", at, `{"width":40,"height":7}`, 200, &right)
	require.Equal(t, []int{40, 7}, []int{right.Width, right.Height})
	i.change("PATCH", "/panes/"+first.ID[1:], `{"active":true}`, 200, &first)
	require.True(t, first.Active)
	zoomed := func() bool { return i.session(i.at).Windows[0].Zoomed }
	for _, pane := range []paneJSON{right, right, above} { // again, and from one to another
		i.change("PATCH", "/panes/"+pane.ID[1:], `{"zoomed":true}`, 200, &pane)
		require.True(t, zoomed())
		require.Equal(t, []any{80, 24, true}, []any{pane.Width, pane.Height, pane.ActiveInWindow})
	}
	for range 2 {
		i.change("PATCH", "/panes/"+above.ID[1:], `{"zoomed":false}`, 200, nil)
		require.False(t, zoomed())
	}
	i.change("POST", at+"/swap", `{"with":"`+above.ID+`"}`, 200, &right)
	require.Zero(t, right.Top)

	for body, field := range map[string]string{
		`{"side":"over"}`: "side", `{"side":""}`: "side", `{"size":"30"}`: "size", `{"size":"100%"}`: "size", `{"size":"-1%"}`: "size",
		`{"size":0}`: "size", `{"pane":"5"}`: "pane", `{"pane":""}`: "pane", `{"command":[]}`: "command",
	} {
		require.Equal(t, field, i.problem(i.call("POST", i.at+"/panes", body), 422).Errors[0].Field, body)
	}
	require.Equal(t, "with", i.problem(i.call("POST", i.at+at+"/swap", `{}`), 422).Errors[0].Field)
	require.Equal(t, "with", i.problem(i.call("POST", i.at+at+"/swap", `{"with":""}`), 422).Errors[0].Field)
	require.Equal(t, "width", i.problem(i.call("PATCH", i.at+at, `{"width":10001}`), 422).Errors[0].Field)
	for a := i.call("POST", i.at+"/panes", `{"command":["cat"]}`); ; a = i.call("POST", i.at+"/panes", `{"command":["cat"]}`) {
		if a.status != 201 {
			require.Contains(t, i.problem(a, 409).Type, "no-space")
			break
		}
	}
	i.change("DELETE", at, "", 204, nil)
	i.problem(i.call("GET", i.at+at, ""), 404)
}

func TestKeptAfterExit(t *testing.T) {
	t.Parallel()
	i := newInside(t, `{"keep_after_exit":true,"command":["sh","-c","echo said; read line; exit 3"]}`)
	require.True(t, i.session(i.at).KeepAfterExit)
	i.shows(i.at, "said\n")
	require.Contains(t, i.problem(i.call("POST", i.at+"/respawn", ""), 409).Type, "pane-alive")
	i.typeLine(i.at, "x")
	ended := i.becomes(func(s sessionJSON) bool { return s.Status == "exited" && s.ExitCode != nil })
	require.Equal(t, 3, *ended.ExitCode)
	require.Equal(t, 3, *ended.Panes[0].ExitCode)
	require.True(t, ended.Panes[0].Dead)
	var list []sessionJSON
	require.NoError(t, json.Unmarshal([]byte(i.call("GET", "/api/sessions", "").body), &list))
	require.Equal(t, "exited", list[0].Status)
	require.Contains(t, i.call("GET", i.at+"/capture-pane", "").body, "said\nx\n")
	require.Contains(t, i.problem(i.call("POST", i.at+"/send-keys", `{"text":"x"}`), 409).Type, "pane-dead")

	var again sessionJSON
	i.change("POST", "/respawn", "", 200, &again)
	require.Equal(t, "running", again.Status)
	i.becomes(func(sessionJSON) bool {
		return strings.HasSuffix(i.call("GET", i.at+"/capture-pane?trim=true", "").body, "said\n")
	})
	var pane paneJSON
	i.change("POST", "/panes/"+again.Panes[0].ID[1:]+"/respawn", `{"kill":true,"command":["sh","-c","kill -9 $$"]}`, 200, &pane)
	ended = i.becomes(func(s sessionJSON) bool { return s.Status == "exited" && s.Signal != 0 })
	require.Equal(t, []int{9, 137}, []int{ended.Signal, *ended.ExitCode})
	require.Equal(t, 204, i.call("DELETE", i.at, "").status)
}

// A pane that floods can be respawned while somebody watches it. tmux crashes when a
// control client still has output of the pane to come (tmux issue 5499).
func TestTimedRespawnOfAFlood(t *testing.T) {
	t.Parallel()
	i := newInside(t, `{"command":["yes"]}`)
	i.stream(i.at+"/events", "")
	for range 30 {
		i.change("POST", "/respawn", `{"kill":true,"command":["yes","again"]}`, 200, nil)
		i.becomes(func(sessionJSON) bool {
			return strings.HasPrefix(i.call("GET", i.at+"/capture-pane", "").body, "again\n")
		})
	}
	i.change("POST", "/respawn", `{"kill":true,"command":["sh","-c","clear; echo calm; exec cat"]}`, 200, nil)
	i.becomes(func(sessionJSON) bool { return strings.Contains(i.call("GET", i.at+"/capture-pane", "").body, "calm") })
}
