package wire

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
)

// decoded is the output of a decoder.
type decoded struct {
	answers [][]Block
	told    []Notification
	err     error
}

// decode runs lines through a decoder that expects the given frames.
func decode(lines []string, maxBody int, frames ...Frame) decoded {
	var out decoded
	d := Decoder{
		Next: func() *Answer {
			if len(frames) == 0 {
				return nil
			}
			a := &Answer{Frame: frames[0]}
			frames = frames[1:]
			return a
		},
		Notify:  func(n Notification) { out.told = append(out.told, n) },
		MaxBody: maxBody,
	}
	for _, line := range lines {
		a, err := d.Line([]byte(line))
		if err != nil {
			out.err = err
			return out
		}
		if a != nil && a.TooLarge {
			out.answers = append(out.answers, []Block{{Failed: true, Body: []byte("too large")}})
		} else if a != nil {
			out.answers = append(out.answers, a.Blocks)
		}
	}
	return out
}

func TestDecoderFrames(t *testing.T) {
	ok := func(body string) Block {
		if body == "" {
			return Block{}
		}
		return Block{Body: []byte(body)}
	}
	counted := Frame{Blocks: 2, Counted: 1}
	nonce := Frame{Blocks: 1, Nonce: "cafe"}
	sealed := Frame{Blocks: 3, FreeText: 1, Nonce: "cafe5", Sealed: true}
	for name, test := range map[string]struct {
		lines  string
		frames []Frame
		want   [][]Block
		told   []Notification
	}{
		"own text": {
			"%begin 1 1 1|$1|%end 1 1 1", []Frame{{Blocks: 1}}, [][]Block{{ok("$1\n")}}, nil,
		},
		"an error drops the rest of the line": {
			"%begin 1 1 1|no|%error 1 1 1|%begin 1 2 1|%end 1 2 1",
			[]Frame{{Blocks: 3}, {Blocks: 1}},
			[][]Block{{{Failed: true, Body: []byte("no\n")}}, {ok("")}},
			nil,
		},
		"a block that is not ours": {
			"%begin 1 1 0|%end 1 1 1|x|%end 1 1 0|%begin 1 2 1|%end 1 2 1",
			[]Frame{{Blocks: 1}},
			[][]Block{{ok("")}},
			[]Notification{Unasked{Body: []byte("%end 1 1 1\nx\n")}},
		},
		"counted lines may say anything": {
			"%begin 1 1 1|3|%end 1 1 1|%begin 1 2 1|%end 1 2 1|%exit|%begin 1 3 1|%end 1 2 1",
			[]Frame{counted},
			[][]Block{{ok("3\n"), ok("%end 1 2 1\n%exit\n%begin 1 3 1\n")}},
			nil,
		},
		"show-buffer's extra newline": {
			"%begin 1 1 1|1|%end 1 1 1|%begin 1 2 1|x||%end 1 2 1",
			[]Frame{counted},
			[][]Block{{ok("1\n"), ok("x\n")}},
			nil,
		},
		"notifications between the blocks of one line": {
			"%begin 1 1 1|1|%end 1 1 1|%sessions-changed|%begin 1 2 1|x|%end 1 2 1",
			[]Frame{counted},
			[][]Block{{ok("1\n"), ok("x\n")}},
			[]Notification{SessionsChanged{}},
		},
		"the last closing line before the nonce counts": {
			"%begin 1 1 1|a|%end 1 1 1|%begin 1 2 1|cafes|%end 1 2 1|b|%end 1 1 1|%sessions-changed|%begin 1 2 1|cafe|%end 1 2 1",
			[]Frame{nonce},
			[][]Block{{ok("a\n%end 1 1 1\n%begin 1 2 1\ncafes\n%end 1 2 1\nb\n")}},
			[]Notification{SessionsChanged{}},
		},
		"the nonce elsewhere is text": {
			"%begin 1 1 1|cafe|%end 1 1 1|%begin 1 2 1|cafe|%end 1 2 1",
			[]Frame{nonce},
			[][]Block{{ok("cafe\n")}},
			nil,
		},
		"a failed command and its nonce": {
			"%begin 1 1 1|no|%error 1 1 1|%begin 1 2 1|cafe|%end 1 2 1",
			[]Frame{nonce},
			[][]Block{{{Failed: true, Body: []byte("no\n")}}},
			nil,
		},
		"a sealed answer may say anything": {
			"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|x|%end 1 2 1|%begin 1 3 1|%end 1 3 1|%begin 1 4 1|no cafe|y|%end 1 2 1|%begin 1 3 1|%end 1 3 1|%begin 1 4 1|unknown buffer: cafe5|%error 1 4 1",
			[]Frame{sealed},
			[][]Block{{ok(""), ok("x\n%end 1 2 1\n%begin 1 3 1\n%end 1 3 1\n%begin 1 4 1\nno cafe\ny\n"), ok("")}},
			nil,
		},
		"a sealed line that fails first": {
			"%begin 1 1 1|no pane|%error 1 1 1",
			[]Frame{sealed},
			[][]Block{{{Failed: true, Body: []byte("no pane\n")}}},
			nil,
		},
		"too large in all, though no block is": {
			"%begin 1 1 1|1|" + strings.Repeat("x", 99) + "|%end 1 1 1|%begin 1 2 1|" + strings.Repeat("y", 100) + "|%end 1 2 1|%begin 1 3 1|%end 1 3 1",
			[]Frame{counted, {Blocks: 1}},
			[][]Block{{{Failed: true, Body: []byte("too large")}}, {ok("")}},
			nil,
		},
		"too large beside a block that is not ours": {
			"%begin 1 1 1|1|%end 1 1 1|%begin 1 2 0|" + strings.Repeat("x", 250) + "|y|%end 1 2 0|%begin 1 3 1|z|%end 1 3 1",
			[]Frame{counted},
			[][]Block{{ok("1\n"), ok("z\n")}},
			[]Notification{Unasked{Body: []byte("y\n")}},
		},
		"too large to tell what was told in between": {
			"%begin 1 1 1|" + strings.Repeat("x", 300) + "|%end 1 1 1|%sessions-changed|%begin 1 2 1|cafe|%end 1 2 1|%begin 1 3 1|%end 1 3 1",
			[]Frame{nonce, {Blocks: 1}},
			[][]Block{{{Failed: true, Body: []byte("too large")}}, {ok("")}},
			[]Notification{Missed{}},
		},
		"too large is counted on": {
			"%begin 1 1 1|2|%end 1 1 1|%begin 1 2 1|" + strings.Repeat("x", 299) + "|%exit|%end 1 2 1|%begin 1 3 1|%end 1 3 1",
			[]Frame{counted, {Blocks: 1}},
			[][]Block{{{Failed: true, Body: []byte("too large")}}, {ok("")}},
			nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := decode(strings.Split(test.lines, "|"), 200, test.frames...)
			require.NoError(t, out.err)
			require.Empty(t, cmp.Diff(test.want, out.answers))
			require.Empty(t, cmp.Diff(test.told, out.told))
		})
	}
}

func TestDecoderRefusesWhatItCannotTrust(t *testing.T) {
	for name, test := range map[string]struct {
		lines  string
		frames []Frame
	}{
		"an answer to nothing":          {"%begin 1 1 1", nil},
		"more lines than counted":       {"%begin 1 1 1|1|%end 1 1 1|%begin 1 2 1|x|y", []Frame{{Blocks: 2, Counted: 1}}},
		"another guard after the count": {"%begin 1 1 1|1|%end 1 1 1|%begin 1 2 1|x|%end 1 3 1", []Frame{{Blocks: 2, Counted: 1}}},
		"no count":                      {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1", []Frame{{Blocks: 2, Counted: 1}}},
		"own text without end":          {"%begin 1 1 1" + strings.Repeat("|x", MaxOwnLines+1), []Frame{{Blocks: 1}}},
		"company for the nonce":         {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|n|x", []Frame{{Blocks: 1, Nonce: "n"}}},
		"a seal that did not fail":      {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|%end 1 2 1|%begin 1 3 1|n|%end 1 3 1", []Frame{{Blocks: 2, FreeText: 1, Nonce: "n", Sealed: true}}},
		"a seal after too little":       {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|%begin 1 3 1|n|%error 1 3 1", []Frame{{Blocks: 3, FreeText: 1, Nonce: "n", Sealed: true}}},
		"a seal after something else":   {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|x|%begin 1 3 1|n|%error 1 3 1", []Frame{{Blocks: 2, FreeText: 1, Nonce: "n", Sealed: true}}},
		"a seal after a full block":     {"%begin 1 1 1|%end 1 1 1|%begin 1 2 1|%end 1 2 1|%begin 1 3 1|x|%begin 1 4 1|n|%error 1 4 1", []Frame{{Blocks: 3, FreeText: 1, Nonce: "n", Sealed: true}}},
		"a nonce before the end":        {"%begin 1 1 1|x|%begin 1 2 1|n|%end 1 2 1", []Frame{{Blocks: 1, Nonce: "n"}}},
	} {
		t.Run(name, func(t *testing.T) {
			require.ErrorIs(t, decode(strings.Split(test.lines, "|"), 1000, test.frames...).err, ErrProtocol)
		})
	}
}

func TestParseNotification(t *testing.T) {
	for line, want := range map[string]Notification{
		`%output %5 a\033[m\134 é\`:                       Output{Pane: 5, Data: []byte("a\x1b[m\\ é\\")},
		"%extended-output %5 12 : a : b":                  Output{Pane: 5, Data: []byte("a : b"), Age: 12},
		"%layout-change @1 abcd,80x24,0,0,1 abcd,80x24 *": LayoutChange{Window: 1, Layout: "abcd,80x24,0,0,1", Visible: "abcd,80x24", Flags: "*"},
		"%window-add @2":                                  WindowAdd{Window: 2},
		"%unlinked-window-close @2":                       WindowClose{Window: 2, Unlinked: true},
		"%unlinked-window-renamed @2 a b":                 WindowRenamed{Window: 2, Name: "a b", Unlinked: true},
		"%sessions-changed":                               SessionsChanged{},
		"%session-changed $1 a b":                         SessionChanged{Session: 1, Name: "a b"},
		"%session-renamed $1 n":                           SessionRenamed{Session: 1, Name: "n"},
		"%session-window-changed $1 @2":                   SessionWindowChanged{Session: 1, Window: 2},
		"%window-pane-changed @1 %2":                      WindowPaneChanged{Window: 1, Pane: 2},
		"%pane-mode-changed %2":                           PaneModeChanged{Pane: 2},
		"%client-session-changed /dev/pts/1 $1 n":         ClientSessionChanged{Client: "/dev/pts/1", Session: 1, Name: "n"},
		"%client-detached /dev/pts/1":                     ClientDetached{Client: "/dev/pts/1"},
		"%pause %1":                                       Pause{Pane: 1},
		"%continue %1":                                    Continue{Pane: 1},
		"%subscription-changed s $1 @1 1 %1 : v : w":      SubscriptionChanged{Name: "s", Fields: "$1 @1 1 %1", Value: []byte("v : w")},
		"%message hi":                                     Message{Text: "hi"},
		"%config-error /etc/x:1: bad":                     ConfigError{Text: "/etc/x:1: bad"},
		"%paste-buffer-changed b":                         PasteBufferChanged{Name: "b"},
		"%paste-buffer-deleted b":                         PasteBufferDeleted{Name: "b"},
		"%exit server exited unexpectedly":                Exit{Reason: "server exited unexpectedly"},
		"%output 5 x":                                     Unknown{Line: []byte("%output 5 x")},
		"%output %5":                                      Unknown{Line: []byte("%output %5")},
		"%extended-output %5 x : y":                       Unknown{Line: []byte("%extended-output %5 x : y")},
		"%subscription-changed x":                         Unknown{Line: []byte("%subscription-changed x")},
		"%window-add %2":                                  Unknown{Line: []byte("%window-add %2")},
		"%window-add @02":                                 Unknown{Line: []byte("%window-add @02")},
		"%session-changed $99999999999 n":                 Unknown{Line: []byte("%session-changed $99999999999 n")},
		"%tomorrow's":                                     Unknown{Line: []byte("%tomorrow's")},
		"can't create socket":                             Unknown{Line: []byte("can't create socket")},
		"":                                                Unknown{Line: []byte{}},
	} {
		require.Empty(t, cmp.Diff(want, parseNotification([]byte(line))), line)
	}
}

func TestDecodeVis(t *testing.T) {
	plain, err := DecodeVis([]byte(`a\\b\$HOME\033[m\t\s\303\251` + "\né"))
	require.NoError(t, err)
	require.Equal(t, "a\\b$HOME\x1b[m\t é\né", string(plain))
	for _, bad := range []string{`x\`, `\q`, `\M-x`} {
		_, err := DecodeVis([]byte(bad))
		require.ErrorIs(t, err, ErrProtocol, bad)
	}
}
