package shellrun

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const testNonce = "0123456789abcdef"

// recordAll has a recorder take output in pieces of n bytes.
func recordAll(r *recorder, output string, n int) {
	for len(output) > 0 {
		piece := output[:min(n, len(output))]
		r.Write([]byte(piece))
		output = output[len(piece):]
	}
}

func isDone(r *recorder) bool {
	select {
	case <-r.done:
		return true
	default:
		return false
	}
}

// The output between the marks is recorded in whatever pieces it comes, without the
// carriage returns that the terminal adds.
func TestRecorder(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	other := newMarks("fedcba9876543210")
	for name, test := range map[string]struct {
		output, want string
		max          int
		truncated    bool
		goesOn       bool // the last mark has not come
	}{
		"one line":                 {output: "typed\r\n" + m.begin + "hello\r\n" + m.end + "$ ", want: "hello\n"},
		"nothing":                  {output: m.begin + m.end},
		"no mark yet":              {output: "hello", goesOn: true},
		"not over":                 {output: m.begin + "hello\r\n", want: "hello\n", goesOn: true},
		"half a mark":              {output: m.begin + "hello" + m.end[:9], want: "hello", goesOn: true},
		"what begins as a mark":    {output: m.begin + "a" + m.end[:9] + "b" + m.end, want: "a" + m.end[:9] + "b"},
		"another run's marks":      {output: m.begin + other.begin + "x" + other.end + m.end, want: other.begin + "x" + other.end},
		"carriage returns":         {output: m.begin + "a\r\r\nb\r\r\r\n\r" + m.end, want: "a\r\nb\r\r\n\r"},
		"newlines that came alone": {output: m.begin + "a\nb\n" + m.end, want: "a\nb\n"},
		"as much as is kept":       {output: m.begin + "123456" + m.end, want: "123456", max: 6},
		"more than is kept":        {output: m.begin + "1234567" + m.end, want: "123456", max: 6, truncated: true},
		"none is kept":             {output: m.begin + "1" + m.end, max: -1, truncated: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			maxBytes := 100
			if test.max != 0 {
				maxBytes = max(test.max, 0)
			}
			for n := 1; n <= len(test.output); n++ {
				r := newRecorder(m, maxBytes)
				recordAll(r, test.output, n)
				output, truncated := r.recorded()
				require.Equal(t, test.want, string(output), "in pieces of %d", n)
				require.Equal(t, test.truncated, truncated)
				require.Equal(t, !test.goesOn, isDone(r))
				require.False(t, test.goesOn && r.received() != uint64(len(test.output)))
			}
		})
	}
}

// All of the output is wanted until the last mark has come, or no more is kept.
func TestRecorderWants(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	r := newRecorder(m, 3)
	require.True(t, r.Write([]byte("$ ")))
	require.True(t, r.Write([]byte(m.begin+"123")))
	require.False(t, r.Write([]byte("4")))
	require.False(t, isDone(r))
	require.False(t, r.Write([]byte(m.end)))
	require.True(t, isDone(r))
	require.False(t, r.Write([]byte("$ ")))
}

// After a gap the last mark may have been lost: the recording ends with the output
// of before.
func TestRecorderAfterAGap(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	r := newRecorder(m, 100)
	r.Write([]byte(m.begin + "hello" + m.end[:5]))
	r.Gap()
	require.True(t, isDone(r))
	require.False(t, r.Write([]byte("more"+m.end)))
	r.Gap()
	output, truncated := r.recorded()
	require.Equal(t, "hello"+m.end[:5], string(output))
	require.True(t, truncated)

	r = newRecorder(m, 100)
	r.Write([]byte("prompt"))
	r.Gap()
	output, truncated = r.recorded()
	require.Empty(t, output)
	require.True(t, truncated)
}

// When a shell has given the script up, its prompt follows the last line.
func TestRecorderClosesAtALine(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	for output, want := range map[string]string{
		m.begin + "hello\r\n^C\r\n$ ": "hello\n^C\n",
		m.begin + "hello\r\n":         "hello\n",
		m.begin + "^C$ ":              "",
		"$ ":                          "",
	} {
		r := newRecorder(m, 100)
		r.Write([]byte(output))
		r.closeAtLine()
		r.closeAtLine()
		got, truncated := r.recorded()
		require.Equal(t, want, string(got))
		require.False(t, truncated)
		require.True(t, isDone(r))
	}
}

// fish writes the terminal's title and colours first: they are no output.
func TestRecorderSkipsAPreface(t *testing.T) {
	t.Parallel()
	m := newMarks(testNonce)
	title := "\x1b]0;echo hello\x07\x1b[30m\x1b(B\x1b[m\r"
	for output, want := range map[string]string{
		title + "hello\r\n":                   "hello\n",
		"hello\r\n":                           "hello\n",
		title:                                 "",
		title + strings.Repeat("x", 1000):     strings.Repeat("x", 100),
		"\x1b]2;title\x1b\\\x1b[1mbold\x1b[m": "\x1b[1mbold\x1b[m",
	} {
		r := newRecorder(m, 100)
		r.skip(fishPreface)
		recordAll(r, m.begin+output+m.end, 7)
		got, truncated := r.recorded()
		require.Equal(t, want, string(got))
		require.Equal(t, len(output) > 1000, truncated)
	}
}
