package controlmode

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// maxFuzzAnswer is the limit of one answer in the fuzz tests.
const maxFuzzAnswer = 300

// FuzzDecoder feeds a Conn's reader any stream, while any commands wait for
// their answers, cut anywhere: it must not panic, must not care for the cuts,
// must answer only what was asked, in its order, and must keep no more than it
// may. The plain decoder, given line after line, is what it is compared to.
func FuzzDecoder(f *testing.F) {
	for _, file := range transcriptFiles(f) {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		stream, frames := replyOf(text)
		for _, cuts := range []string{"", "\x00", "\x01\x07\x30"} {
			f.Add(stream, frames, []byte(cuts))
		}
	}
	f.Fuzz(func(t *testing.T, stream, frames, cuts []byte) {
		if len(stream) > 60<<10 || len(frames) > 100 {
			return // a reader refuses a line that does not fit its buffer
		}
		asked := framesFrom(frames)
		whole := decodeLines(t, stream, asked)
		pieces := readPieces(stream, cuts, asked)
		require.Equal(t, whole.log, pieces.log)
		require.Equal(t, whole.err != nil, errors.Is(pieces.err, ErrProtocol), "%v: %v", whole.err, pieces.err)
		require.LessOrEqual(t, len(whole.answers), len(asked))
		for i, a := range whole.answers {
			kept := 0
			for _, b := range a.blocks {
				kept += len(b.Body)
			}
			require.LessOrEqual(t, kept, maxFuzzAnswer)
			require.Equal(t, asked[i], a.frame)
			if n := len(a.blocks); !a.tooLarge && n != asked[i].blocks {
				require.True(t, n > 0 && n < asked[i].blocks && a.blocks[n-1].Failed, "%d blocks of %d", n, asked[i].blocks)
			}
		}
	})
}

func transcriptFiles(t testing.TB) []string {
	files, err := filepath.Glob("../testdata/transcripts/*/*.txt")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	return files
}

// replyOf is what tmux wrote in a transcript, and the frames, as framesFrom
// reads them, that belong to what the client wrote.
func replyOf(transcript []byte) (stream, frames []byte) {
	for line := range strings.Lines(string(transcript)) {
		rest := line[2:]
		commands := strings.Count(rest, " ; ")
		switch {
		case line[0] == '<':
			stream = append(stream, rest...)
		case strings.HasPrefix(rest, "display-message -p 0000"):
			frames[len(frames)-1] = fuzzNonce
		case strings.Contains(rest, " ; deleteb -b 0000"):
			frames = append(frames, fuzzSealed|byte(commands-2)<<2)
		default:
			frames = append(frames, fuzzOwn|byte(commands)<<2)
		}
	}
	return stream, frames
}

// A frame of the fuzz tests is one byte: its kind in the two lowest bits, and
// in the next three how many blocks it has.
const (
	fuzzOwn = iota
	fuzzCounted
	fuzzNonce
	fuzzSealed
)

func framesFrom(bytes []byte) (frames []frame) {
	next := countNonces()
	for _, b := range bytes {
		n := int(b>>2) & 7
		switch b & 3 {
		case fuzzOwn:
			frames = append(frames, frame{blocks: n + 1})
		case fuzzCounted:
			frames = append(frames, frame{blocks: n + 2, counted: n + 1})
		case fuzzNonce:
			frames = append(frames, frame{blocks: 1, nonce: next()})
		case fuzzSealed:
			frames = append(frames, frame{blocks: n + 2, free: n, nonce: next(), sealed: true})
		}
	}
	return frames
}

// countNonces makes the nonces of the transcripts.
func countNonces() func() string {
	n := 0
	return func() string {
		n++
		return fmt.Sprintf("%032x", n)
	}
}

// outcome is what came out of a stream, also as a log in the order of coming.
type outcome struct {
	log     []string
	answers []*answer
	err     error
}

func (o *outcome) told(n Notification) { o.log = append(o.log, fmt.Sprintf("%#v", n)) }

func (o *outcome) answered(a *answer) {
	o.answers = append(o.answers, a)
	o.log = append(o.log, fmt.Sprintf("answer %v %#v", a.tooLarge, a.blocks))
}

// decodeLines runs the decoder alone over the lines of a stream.
func decodeLines(t *testing.T, stream []byte, frames []frame) outcome {
	var out outcome
	d := decoder{notify: out.told, maxBody: maxFuzzAnswer}
	d.next = func() *answer {
		if len(frames) == 0 {
			return nil
		}
		a := &answer{frame: frames[0]}
		frames = frames[1:]
		return a
	}
	for _, line := range bytes.Split(stream, []byte("\n")) {
		line = bytes.Clone(line)
		a, err := d.line(line)
		clear(line) // it must not be kept
		if err != nil {
			out.err = err
			return out
		}
		if a != nil {
			out.answered(a)
		}
		require.LessOrEqual(t, len(d.body), maxFuzzAnswer)
	}
	return out
}

// readPieces runs a Conn's read loop over a stream that comes in pieces.
func readPieces(stream, cuts []byte, frames []frame) outcome {
	var out outcome
	c := &Conn{
		stream: &pieces{rest: append(bytes.Clone(stream), '\n'), sizes: cuts},
		opts: ConnOptions{
			window:    windowCalls,
			MaxAnswer: maxFuzzAnswer, OnNotification: out.told, Trace: func(bool, []byte) {},
		},
		written: uint64(len(frames)),
	}
	for _, f := range frames {
		k := &call{answer: answer{frame: f}, done: make(chan struct{})}
		k.at = func() { out.answered(&k.answer) }
		c.queued.add(k)
	}
	c.sendQueued()
	out.err = c.read()
	return out
}

// pieces is a stream that gives a few bytes at a time.
type pieces struct {
	rest  []byte
	sizes []byte // of the pieces, less one, again and again; none: all at once
	count int
}

func (p *pieces) Read(b []byte) (int, error) {
	if len(p.rest) == 0 {
		return 0, os.ErrClosed
	}
	size := len(p.rest)
	if len(p.sizes) > 0 {
		size = min(size, int(p.sizes[p.count%len(p.sizes)])+1)
		p.count++
	}
	n := copy(b, p.rest[:size])
	p.rest = p.rest[n:]
	return n, nil
}

func (p *pieces) Write(b []byte) (int, error) { return len(b), nil }
func (p *pieces) Close() error                { return nil }
