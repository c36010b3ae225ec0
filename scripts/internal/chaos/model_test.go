package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var noon = time.Date(2026, 1, 2, 12, 0, 0, 0, time.UTC)

// typedSession returns a session into which client 1 typed five times: three requests
// succeeded, the third was refused, and the outcome of the fifth is unknown.
func typedSession() (*model, *session) {
	l := newModel()
	s := l.begin("alice", newMark(0, 7), noon)
	s.made = done
	for number, answer := range []outcome{done, done, refused, done, unknown} {
		one := l.typing(s, 1, uint64(number))
		for one.outcome = answer; len(one.typed()) < 20 || len(one.typed()) > 500; {
			one.seed += 10
		}
	}
	return l, s
}

func TestTypedInput(t *testing.T) {
	_, s := typedSession()
	one := func(number int) string { return s.sends[1][number].typed() }
	changed := []byte(one(0) + one(1) + one(3))
	changed[len(one(0))+10] ^= 1
	for name, tc := range map[string]struct {
		read string
		cut  bool
		want string // "": nothing is wrong
	}{
		"all":                    {read: one(0) + one(1) + one(3)},
		"the unknown too":        {read: one(0) + one(1) + one(3) + one(4)},
		"cut at the end":         {read: one(0) + one(1), cut: true},
		"cut within":             {read: one(0) + one(1) + one(3)[:3], cut: true},
		"the last is missing":    {read: one(0) + one(1), want: "1.3 was typed with success and did not arrive"},
		"one before is missing":  {read: one(0) + one(3), cut: true, want: "1.1 was typed with success and did not arrive"},
		"nothing arrived":        {want: "1.0 was typed with success and did not arrive"},
		"twice":                  {read: one(0) + one(1) + one(1) + one(3), want: "1.1 arrived twice"},
		"the unknown twice":      {read: one(0) + one(1) + one(3) + one(4) + one(4), want: "1.4 arrived twice"},
		"a refused one":          {read: one(0) + one(1) + one(2) + one(3), want: "1.2 arrived, though it was refused"},
		"in another order":       {read: one(1) + one(0) + one(3), want: "1.0 arrived after 1 of the same client"},
		"cut short":              {read: one(0) + one(1) + one(3)[:3], want: "1.3"},
		"interleaved":            {read: one(0)[:6] + one(1) + one(0)[6:] + one(3), want: "did not arrive as it was typed"},
		"a byte is another":      {read: string(changed), want: "1.1 (" + fmt.Sprint(len(one(1))) + " bytes) did not arrive as it was typed: after 10 bytes"},
		"somebody else's":        {read: one(0) + "\x022.0:x" + one(1) + one(3), want: "nobody typed"},
		"something that nobody ": {read: "x" + one(0) + one(1) + one(3), want: "nobody typed"},
	} {
		t.Run(name, func(t *testing.T) {
			l, s := typedSession()
			wrong := strings.Join(l.checkTyped(s, tc.read, tc.cut), "\n")
			if tc.want == "" {
				require.Empty(t, wrong)
			} else {
				require.Contains(t, wrong, tc.want)
			}
		})
	}
}

// The input of a client that left before the response may arrive out of order.
func TestAbortedInput(t *testing.T) {
	l, s := typedSession()
	s.sends[1][0].outcome, s.sends[1][0].left = unknown, true
	one := func(number int) string { return s.sends[1][number].typed() }
	require.Empty(t, l.checkTyped(s, one(1)+one(0)+one(3), false))
	require.Empty(t, l.checkTyped(s, one(1)+one(3)+one(0), false))
	require.NotEmpty(t, l.checkTyped(s, one(1)+one(0)+one(3)+one(0), false))
}

func TestStatusNeedsAReason(t *testing.T) {
	l := newModel()
	s := l.begin("alice", newMark(0, 7), noon)
	require.Empty(t, l.checkStatus(s, "starting", noon))
	s.made, s.answered = done, noon.Add(time.Second)
	require.Empty(t, l.checkStatus(s, "starting", noon), "asked before")
	require.NotEmpty(t, l.checkStatus(s, "starting", noon.Add(time.Minute)))
	require.Empty(t, l.checkStatus(s, "running", noon))
	require.NotEmpty(t, l.checkStatus(s, "exited", noon))
	require.NotEmpty(t, l.checkStatus(s, "lost", noon))
	require.NotEmpty(t, l.checkEnd(s, "not-found"))
	require.NotEmpty(t, l.checkEnd(s, "ended"))

	l.tmuxDied = noon.Add(-time.Second)
	require.NotEmpty(t, l.checkStatus(s, "lost", noon), "its tmux server came after")
	l.tmuxDied = noon.Add(time.Second)
	require.Empty(t, l.checkStatus(s, "lost", noon))
	require.Empty(t, l.checkEnd(s, "ended"))
	require.NotEmpty(t, l.checkEnd(s, "not-found"), "a lost session is still listed")

	l.tmuxDied, s.killed = time.Time{}, true
	require.Empty(t, l.checkStatus(s, "exited", noon))
	require.NotEmpty(t, l.checkStatus(s, "lost", noon))
	s.killed, s.removing = false, true
	require.Empty(t, l.checkEnd(s, "not-found"))
}

// At the end, the service's list is compared with the programs that run.
func TestSessionAtTheEnd(t *testing.T) {
	made := func(set func(*session)) (*chaos, *session) {
		c := newChaos(1, &testbed{dir: t.TempDir()}, nil)
		s := c.model.begin("alice", newMark(0, 7), noon)
		s.id, s.pid, s.made = 5, 100, done
		set(s)
		return c, s
	}
	row := func(status string, pid int) sessionJSON {
		j := sessionJSON{ID: 5, Status: status}
		j.Panes = append(j.Panes, struct {
			PID int `json:"pid"`
		}{pid})
		return j
	}
	asItIs := func(*session) {}
	for name, tc := range map[string]struct {
		set    func(*session)
		row    sessionJSON
		listed bool
		pid    int
		want   string
	}{
		"not listed":              {set: asItIs, want: "lost without a trace"},
		"not listed, yet it runs": {set: asItIs, pid: 100, want: "running, as the service says: false"},
		"listed, does not run":    {set: asItIs, row: row("running", 100), listed: true, want: "its program is 0"},
		"another program":         {set: asItIs, row: row("running", 101), listed: true, pid: 101, want: "its program was 100 and is 101"},
		"exited":                  {set: asItIs, row: row("exited", 0), listed: true, want: "has the status exited for no reason"},
		"lost":                    {set: asItIs, row: row("lost", 0), listed: true, want: "has the status lost for no reason"},
		"refused and listed":      {set: func(s *session) { s.made = refused }, row: row("exited", 0), listed: true, want: "refused: true"},
		"refused and it runs":     {set: func(s *session) { s.made = refused }, pid: 100, want: "its program is 100"},
		"deleted and listed":      {set: func(s *session) { s.removing, s.removed = true, true }, row: row("exited", 0), listed: true, want: "deleted: true"},
		"deleted and it runs":     {set: func(s *session) { s.removing, s.removed = true, true }, pid: 100, want: "its program is 100"},
		"deleted":                 {set: func(s *session) { s.removing, s.removed = true, true }},
		"unknown, never made":     {set: func(s *session) { s.made = unknown }},
		"killed in tmux":          {set: func(s *session) { s.killed = true }, row: row("exited", 0), listed: true},
	} {
		t.Run(name, func(t *testing.T) {
			c, s := made(tc.set)
			wrong := strings.Join(c.checkFinal(s, tc.row, tc.listed, tc.pid), "\n")
			if tc.want == "" {
				require.Empty(t, wrong)
			} else {
				require.Contains(t, wrong, tc.want)
			}
		})
	}
}
