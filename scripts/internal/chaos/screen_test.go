package main

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestScreens(t *testing.T) {
	mark, other := newMark(1, 0xabc), newMark(2, 0xabc)
	lines := func(of func(i int) string) string {
		var all []string
		for i := range screenHeight {
			all = append(all, of(i))
		}
		return strings.Join(all, "\n") + "\n"
	}
	frame := func(number int) func(int) string {
		return func(i int) string { return frameLine(mark, number, i) }
	}
	meeting := func(at int, meet string) string {
		return lines(func(i int) string {
			switch {
			case i < at:
				return frameLine(mark, 8, i)
			case i == at:
				return meet
			}
			return frameLine(mark, 7, i)
		})
	}
	for name, tc := range map[string]struct {
		screen string
		newest int
		want   string
	}{
		"empty":             {lines(func(int) string { return "" }), noFrame, ""},
		"a frame":           {lines(frame(7)), 7, ""},
		"two meet":          {meeting(5, frameLine(mark, 7, 5)), 8, ""},
		"within a line":     {meeting(5, frameLine(mark, 8, 5)[:40]+frameLine(mark, 7, 5)[40:]), 8, ""},
		"in the first line": {meeting(0, frameLine(mark, 8, 0)[:30]+frameLine(mark, 7, 0)[30:]), 7, ""},
		"cleared, begun":    {lines(func(i int) string { return []string{frameLine(mark, 9, 0), frameLine(mark, 9, 1)[:12], ""}[min(i, 2)] }), 9, ""},
		"flooded":           {lines(func(i int) string { return floodLine(mark, 100+i) }), 123, ""},
		"flooded, half":     {lines(func(i int) string { return floodLine(mark, 100+i)[:31-i] }), 100, ""},

		"one line older":     {meeting(5, frameLine(mark, 6, 5)), 0, "torn"},
		"halves of others":   {meeting(5, frameLine(mark, 6, 5)[:40]+frameLine(mark, 7, 5)[40:]), 0, "torn"},
		"upside down":        {lines(func(i int) string { return frameLine(mark, 8-i/12, i) }), 8, ""},
		"the older above":    {lines(func(i int) string { return frameLine(mark, 7+i/12, i) }), 0, "torn"},
		"two frames apart":   {lines(func(i int) string { return frameLine(mark, 9-i/12*2, i) }), 0, "torn"},
		"a line is moved":    {meeting(5, frameLine(mark, 7, 6)), 0, "torn"},
		"a line is missing":  {strings.TrimPrefix(lines(frame(7)), frameLine(mark, 7, 0)+"\n"), 0, "23 lines"},
		"protocol":           {meeting(5, "%end 1 1 1"), 0, "torn"},
		"another's":          {lines(func(i int) string { return frameLine(other, 7, i) }), 0, "shows " + other},
		"one line another's": {meeting(5, frameLine(other, 7, 5)), 0, "shows " + other},
		"text in a flood":    {lines(func(i int) string { return []string{"x", floodLine(mark, i)}[min(i, 1)] }), 0, `shows "x"`},
	} {
		t.Run(name, func(t *testing.T) {
			newest, wrong := checkScreen(mark, tc.screen)
			if tc.want == "" {
				require.Empty(t, wrong)
				require.Equal(t, tc.newest, newest)
			} else {
				require.Contains(t, wrong, tc.want)
			}
		})
	}
}

func TestOlderScreen(t *testing.T) {
	c := newChaos(1, nil, nil)
	a := c.newClient("one", c.users[0], 1)
	s := c.model.begin("alice", newMark(0, 1), noon)
	show := func(number int) {
		var all strings.Builder
		for i := range screenHeight {
			all.WriteString(frameLine(s.mark, number, i) + "\n")
		}
		a.checkShown(s, "test", all.String())
	}
	show(5)
	show(5)
	show(6)
	require.Empty(t, c.model.violations())
	show(5)
	require.Len(t, c.model.violations(), 1)
	require.Contains(t, c.model.violations()[0], "frame 5 of "+s.mark+" after frame 6")
}

func TestOutputGoesOn(t *testing.T) {
	c := newChaos(1, nil, nil)
	s := c.model.begin("alice", newMark(0, 1), noon)
	t1 := &stream{client: c.newClient("one", c.users[0], 1), session: s}
	t1.output("1.aaa.13.", 10, []byte("abc"))
	t1.output("1.aaa.15.", 13, []byte("de"))
	require.Empty(t, c.model.violations())
	for i, wrong := range []func(){
		func() { t1.output("1.aaa.18.", 16, []byte("gh")) },          // a gap
		func() { t1.output("1.aaa.18.", 16, []byte("gh")) },          // again
		func() { t1.output("1.bbb.20.", 18, []byte("ij")) },          // elsewhere, without a word
		func() { t1.output("1.bbb.21.", 20, []byte("kl")) },          // an id that leads elsewhere
		func() { t1.output("1.bbb", 20, nil) },                       // no id
		func() { t1.event("screen", "", "no JSON") },                 // not the documented JSON
		func() { t1.event("exit", "", `{"status":"lost"}`) },         // for no reason
		func() { t1.output("1.bbb.37.", 21, []byte(newMark(1, 1))) }, // another's
	} {
		wrong()
		require.Len(t, c.model.violations(), i+1, fmt.Sprint(i))
	}
}

func TestForeignText(t *testing.T) {
	c := newChaos(1, nil, nil)
	alice := c.users[0]
	c.checkReply(alice, call{}, reply{status: 200, body: `[{"name":"` + newMark(0, 5) + `"}]`})
	require.Empty(t, c.model.violations())
	c.checkReply(alice, call{}, reply{status: 200, body: `[{"name":"` + newMark(1, 5) + `"}]`})
	c.checkReply(alice, call{}, reply{status: 500, problem: "internal"})
	s := c.model.begin("alice", newMark(0, 5), noon)
	c.checkProblem(s, call{}, reply{status: 404, problem: "not-found"})
	c.checkProblem(s, call{}, reply{status: 422, problem: "invalid"})
	require.Len(t, c.model.violations(), 4)
	c.checkProblem(s, call{}, reply{status: 503, problem: "unavailable"})
	require.Len(t, c.model.violations(), 4)
}
