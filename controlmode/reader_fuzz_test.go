package controlmode

import (
	"bytes"
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
	"interplexer/controlmode/internal/wiretest"
)

// maxFuzzAnswer is the limit of one answer in the fuzz test.
const maxFuzzAnswer = 300

// FuzzReader feeds a Conn's reader any stream, cut anywhere, while any commands wait
// for their answers. It must give the same as the decoder alone, which is given
// line after line (see FuzzDecoder of wire).
func FuzzReader(f *testing.F) {
	for _, file := range wiretest.Transcripts(f, "..") {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		stream, frames := wiretest.Reply(text)
		for _, cuts := range []string{"", "\x00", "\x01\x07\x30"} {
			f.Add(stream, frames, []byte(cuts))
		}
	}
	f.Fuzz(func(t *testing.T, stream, frames, cuts []byte) {
		if len(stream) > 60<<10 || len(frames) > 100 {
			return // a reader refuses a line that does not fit its buffer
		}
		asked := wiretest.Frames(frames)
		whole := wiretest.Decode(stream, maxFuzzAnswer, asked, nil)
		pieces := readPieces(stream, cuts, asked)
		require.Equal(t, whole.Lines, pieces.Lines)
		require.Equal(t, whole.Err != nil, errors.Is(pieces.Err, ErrProtocol), "%v: %v", whole.Err, pieces.Err)
	})
}

// readPieces runs a Conn's read loop over a stream that comes in pieces.
func readPieces(stream, cuts []byte, frames []wire.Frame) wiretest.Log {
	var out wiretest.Log
	c := &Conn{
		stream: &pieces{rest: append(bytes.Clone(stream), '\n'), sizes: cuts},
		opts: ConnOptions{
			window:    maxWindowCalls,
			MaxAnswer: maxFuzzAnswer, OnNotification: out.Notified, Trace: func(bool, []byte) {},
		},
		written: uint64(len(frames)),
	}
	for _, f := range frames {
		k := &call{answer: wire.Answer{Frame: f}, done: make(chan struct{})}
		k.onAnswer = func() { out.Answered(&k.answer) }
		c.queued.add(k)
	}
	c.sendQueued()
	out.Err = c.read()
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
