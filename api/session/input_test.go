package session_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// refused are the fields that a check complains of; none when it accepts.
func refused(t *testing.T, err error) (fields []string) {
	t.Helper()
	if err == nil {
		return nil
	}
	var bad *session.InvalidError
	require.ErrorAs(t, err, &bad)
	require.NotEmpty(t, bad.Fields)
	for _, f := range bad.Fields {
		require.NotEmpty(t, f.Detail)
		require.Contains(t, err.Error(), f.Field)
		fields = append(fields, f.Field)
	}
	return fields
}

func text(s string) *string { return &s }

func TestInputCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", session.MaxInput+1)
	half := long[:session.MaxInput/2]
	for _, test := range []struct {
		in    session.Input
		field string // empty: it is accepted
	}{
		{session.Input{Line: text("echo żółć\xff")}, ""},
		{session.Input{Line: text("")}, ""},
		{session.Input{Line: text(long[1:])}, ""},
		{session.Input{Line: &long}, "keys"},
		{session.Input{Line: text("a\x00b")}, "keys"},
		{session.Input{Keys: []string{"C-c", "", "Enter"}}, ""},
		{session.Input{Keys: []string{}}, ""},
		{session.Input{Keys: make([]string, session.MaxWords)}, ""},
		{session.Input{Keys: make([]string, session.MaxWords+1)}, "keys"},
		{session.Input{Keys: []string{"a", "\x00"}}, "keys[1]"},
		{session.Input{Keys: []string{long}}, "keys[0]"},
		{session.Input{Keys: []string{half, half}}, "keys"},
		{session.Input{Text: text("\x1b")}, ""},
		{session.Input{Text: text("\x00")}, "text"},
		{session.Input{Text: &long}, "text"},
		{session.Input{Paste: text("a\nb")}, ""},
		{session.Input{Paste: text("\x00")}, "paste"},
		{session.Input{Paste: &long}, "paste"},
		{session.Input{Raw: []byte{0}}, ""},
		{session.Input{Raw: []byte(long)}, "hex"},
	} {
		if got := refused(t, test.in.Check()); test.field == "" {
			require.Empty(t, got)
		} else {
			require.Equal(t, []string{test.field}, got)
		}
	}
}

func TestInputSize(t *testing.T) {
	t.Parallel()
	for want, in := range map[int]session.Input{
		4: {Line: text("abc")}, 5: {Text: text("abcd")}, 1: {Paste: text("")}, 3: {Raw: []byte("abc")}, 8: {Keys: []string{"C-c", "Enter"}}, 0: {Keys: []string{}},
	} {
		require.Equal(t, want, in.Size())
	}
}

// A wait types into the pane that it waits for, and its complaints name the field
// within send.
func TestWaitOptionsCheckSend(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		o           session.WaitOptions
		field, pane string
	}{
		{o: session.WaitOptions{}},
		{o: session.WaitOptions{Pane: "%1"}, pane: "%1"},
		{o: session.WaitOptions{Send: &session.Input{Line: text("x")}}},
		{o: session.WaitOptions{Send: &session.Input{Line: text("x"), Pane: "%2"}}, pane: "%2"},
		{o: session.WaitOptions{Pane: "%2", Send: &session.Input{Line: text("x"), Pane: "%2"}}, pane: "%2"},
		{o: session.WaitOptions{Pane: "%2", Send: &session.Input{Line: text("x")}}, pane: "%2"},
		{o: session.WaitOptions{Pane: "%1", Send: &session.Input{Line: text("x"), Pane: "%2"}}, pane: "%1", field: "send.pane"},
		{o: session.WaitOptions{Send: &session.Input{Line: text("\x00")}}, field: "send.keys"},
		{o: session.WaitOptions{Send: &session.Input{Keys: []string{"a", "\x00"}}}, field: "send.keys[1]"},
	} {
		if got := refused(t, test.o.CheckSend()); test.field == "" {
			require.Empty(t, got)
		} else {
			require.Equal(t, []string{test.field}, got)
		}
		require.Equal(t, test.pane, test.o.Pane)
	}
}

func TestRunOptionsCheck(t *testing.T) {
	t.Parallel()
	good := session.RunOptions{Command: "true", Timeout: time.Second}
	for _, test := range []struct {
		change func(o *session.RunOptions)
		fields []string
	}{
		{func(*session.RunOptions) {}, nil},
		{func(o *session.RunOptions) { o.Command = strings.Repeat("x", session.MaxRunCommand) }, nil},
		{func(o *session.RunOptions) { o.Timeout, o.MaxOutput = session.MaxRunTime, session.MaxRunOutput }, nil},
		{func(o *session.RunOptions) { o.Timeout = 1 }, nil},
		{func(o *session.RunOptions) { o.Command = "" }, []string{"command"}},
		{func(o *session.RunOptions) { o.Command = "a\x00" }, []string{"command"}},
		{func(o *session.RunOptions) { o.Command = strings.Repeat("x", session.MaxRunCommand+1) }, []string{"command"}},
		{func(o *session.RunOptions) { o.Timeout = 0 }, []string{"timeout"}},
		{func(o *session.RunOptions) { o.Timeout = session.MaxRunTime + 1 }, []string{"timeout"}},
		{func(o *session.RunOptions) { o.MaxOutput = -1 }, []string{"max_output"}},
		{func(o *session.RunOptions) { o.MaxOutput = session.MaxRunOutput + 1 }, []string{"max_output"}},
		{func(o *session.RunOptions) { *o = session.RunOptions{MaxOutput: -1} }, []string{"command", "timeout", "max_output"}},
	} {
		o := good
		test.change(&o)
		require.Equal(t, test.fields, refused(t, o.Check()))
	}
}

func TestExecOptionsCheck(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", session.MaxRunCommand+1)
	for _, test := range []struct {
		change func(o *session.ExecOptions)
		fields []string
	}{
		{func(o *session.ExecOptions) { o.Command = "true" }, nil},
		{func(o *session.ExecOptions) { o.Argv = []string{"printf", ""} }, nil},
		{func(o *session.ExecOptions) { o.Command, o.Stdin = "cat", text("\x00") }, nil},
		{func(o *session.ExecOptions) { o.Command, o.Stdin = "cat", text(long[1:]) }, nil},
		{func(*session.ExecOptions) {}, []string{"argv"}},
		{func(o *session.ExecOptions) { o.Argv = []string{} }, []string{"argv"}},
		{func(o *session.ExecOptions) { o.Argv = []string{"", "x"} }, []string{"argv"}},
		{func(o *session.ExecOptions) { o.Argv, o.Command = []string{"a"}, "b" }, []string{"argv"}},
		{func(o *session.ExecOptions) { o.Command, o.Stdin = "cat", &long }, []string{"stdin"}},
		{func(o *session.ExecOptions) { o.Stdin = &long }, []string{"argv", "stdin"}},
		{func(o *session.ExecOptions) { o.Argv = []string{"a\x00"} }, []string{"command"}},
		{func(o *session.ExecOptions) { o.Argv = []string{"a", long} }, []string{"command"}},
		{func(o *session.ExecOptions) { o.Command, o.Timeout, o.MaxOutput = "a", 0, -1 }, []string{"timeout", "max_output"}},
	} {
		o := session.ExecOptions{Timeout: time.Second}
		test.change(&o)
		require.Equal(t, test.fields, refused(t, o.Check()))
	}
	require.Equal(t, []string{"/bin/sh", "-c", "a b"}, session.ExecOptions{Command: "a b"}.Words())
	require.Equal(t, []string{"a", "b"}, session.ExecOptions{Argv: []string{"a", "b"}}.Words())
}
