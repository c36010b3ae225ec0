package controlmode

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
	"interplexer/controlmode/internal/wiretest"
)

var (
	modelSeed = flag.Uint64("model-seed", 0, "the one run of TestModel to make again; 0: new ones")
	modelRuns = flag.Int("model-runs", 600, "how many runs TestModel makes")
)

// TestModel plays random pipelines against a scripted tmux that knows the correct
// result of each caller: its own answer or error, or, when the connection dies, the
// truth about its command's fate; and all notifications in their order. The clock is
// synctest's, which also fails when a goroutine hangs or is left.
func TestModel(t *testing.T) {
	t.Parallel()
	seeds := make([]uint64, *modelRuns)
	for i := range seeds {
		seeds[i] = rand.Uint64() | 1
	}
	if *modelSeed != 0 {
		seeds = []uint64{*modelSeed}
	}
	seen := map[string]int{}
	for _, seed := range seeds {
		synctest.Test(t, func(t *testing.T) {
			defer func() {
				if t.Failed() {
					t.Logf("again: go test -race -run TestModel ./controlmode -model-seed %d", seed)
				}
			}()
			m := newModel(t, seed)
			m.run()
			m.check(seen)
		})
	}
	t.Logf("%d runs: %v", len(seeds), seen)
	if *modelSeed == 0 && *modelRuns >= 500 {
		for _, kind := range []string{"answered", "refused", "too large", "unknown", "not sent", "no turn", "overloaded", "too many bytes", "left"} {
			require.NotZero(t, seen[kind], "no command was %s", kind)
		}
	}
}

// scripted is one command of a caller and its fate. The fields of the second group
// are the model's; tmux and the connection fill them in.
type scripted struct {
	id       int
	kind     int // one of wiretest.Own, …
	frame    wire.Frame
	filler   int           // bytes that make the command longer
	lane     string        // its sender
	readOnly bool          // it need not pass the gate
	timeout  time.Duration // of the caller; 0: none

	written  bool // handed to a write
	answered bool // all of its answer was read
	want     []Block
	tooLarge bool
	blocks   []Block // the caller's result
	err      error
}

// event is a line of the log: a command answered, or a notification.
type event struct {
	at   int // how much of the stream has to be read first
	text string
}

// logged is a notification in the log.
func logged(n Notification) string { return fmt.Sprintf("%T %v", n, n) }

type model struct {
	t      *testing.T
	random *rand.Rand // of the goroutine that scripts: the test before and after the run, and tmux in between
	opts   ConnOptions
	gate   gate
	conn   *Conn
	tmux   net.Conn
	lines  []byte // the start of a line that tmux has not read to its end

	half    *scripted   // read by tmux, but for the line of its nonce
	pending []*scripted // read by tmux, not answered
	nonces  map[*scripted]string
	stream  []byte // everything that tmux wrote, or would have written
	events  []event
	number  int // of the last block
	life    int // number of bytes that tmux writes before it dies; -1: it does not
	violate bool
	heavy   bool // commands are long, and tmux is slow

	mu       sync.Mutex // guards the fields below
	commands []*scripted
	log      []string
	sent     []byte // everything that was handed to writes
	seenSent int    // the end of the last command found in it
}

const modelMaxAnswer = 4096

func newModel(t *testing.T, seed uint64) *model {
	m := &model{t: t, random: rand.New(rand.NewPCG(seed, 1)), life: -1, nonces: map[*scripted]string{}}
	m.opts = ConnOptions{MaxAnswer: modelMaxAnswer, OnNotification: m.notified, Trace: m.trace, gate: &m.gate}
	if m.random.IntN(3) == 0 {
		m.opts.MaxInFlight = 1 + m.random.IntN(20)
	}
	if m.random.IntN(2) == 0 {
		m.opts.MaxWait = time.Duration(1+m.random.IntN(20)) * time.Millisecond
	}
	if m.random.IntN(2) == 0 {
		m.life = m.random.IntN(6000)
	}
	m.violate = m.random.IntN(8) == 0
	if m.heavy = m.random.IntN(12) == 0; m.heavy { // they have to take turns, and some do not get one
		m.opts.MaxInFlight, m.opts.MaxWait, m.life = 0, time.Millisecond, -1
		m.opts.MaxBytes = m.random.IntN(2) * (60 << 10)
	}
	for id := range 5 + m.random.IntN(40) {
		m.commands = append(m.commands, m.newCommand(id))
	}
	return m
}

func (m *model) newCommand(id int) *scripted {
	c := &scripted{id: id, kind: m.random.IntN(4), lane: fmt.Sprint("user ", m.random.IntN(3)), readOnly: m.random.IntN(2) == 0}
	n := m.random.IntN(4)
	switch c.kind {
	case wiretest.Own:
		c.frame = wire.Frame{Blocks: 1 + n}
	case wiretest.Counted:
		c.frame = wire.Frame{Blocks: 2 + n, Counted: 1 + m.random.IntN(1+n)}
	case wiretest.Nonce:
		c.frame = wire.Frame{Blocks: 1}
	case wiretest.Sealed:
		c.frame = wire.Frame{FreeText: n, Blocks: n + 1 + m.random.IntN(3), Sealed: true}
		if n > 1 && m.random.IntN(2) == 0 {
			c.frame.Counted = 1
		}
	}
	c.filler = m.random.IntN(200)
	if m.heavy {
		c.filler = m.random.IntN(48 << 10)
	}
	if m.random.IntN(3) == 0 {
		c.timeout = time.Duration(1+m.random.IntN(5000)) * time.Microsecond
	}
	c.tooLarge = (c.kind == wiretest.Nonce || c.kind == wiretest.Sealed) && m.random.IntN(12) == 0
	return c
}

func (m *model) notified(n Notification) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.log = append(m.log, logged(n))
}

func (m *model) trace(sent bool, data []byte) {
	if !sent {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sent = append(m.sent, data...)
	for {
		end := bytes.IndexByte(m.sent[m.seenSent:], '\n')
		if end < 0 {
			return
		}
		if c := m.commandOf(m.sent[m.seenSent : m.seenSent+end]); c != nil {
			c.written = true
		}
		m.seenSent += end + 1
	}
}

// commandOf returns the command of a line; nil: it is the line of a nonce.
func (m *model) commandOf(line []byte) *scripted {
	rest, ok := bytes.CutPrefix(line, []byte("run "))
	if !ok {
		return nil
	}
	digits, _, _ := bytes.Cut(rest, []byte(" "))
	id, err := strconv.Atoi(string(digits))
	require.NoError(m.t, err)
	return m.commands[id]
}

// run lets all callers run until each has its result.
func (m *model) run() {
	tmux, client := net.Pipe()
	m.tmux = tmux
	m.conn = newConn(client, func() { client.Close() }, nil, m.opts)
	var callers, others sync.WaitGroup
	width := 1 + m.random.IntN(len(m.commands))
	for first := range width {
		callers.Go(func() {
			for i := first; i < len(m.commands); i += width {
				m.call(m.commands[i])
			}
		})
	}
	over := make(chan struct{})
	dials := m.random.IntN(3)
	others.Go(m.play)
	others.Go(func() { m.dial(over, dials) })
	callers.Wait()
	close(over)
	synctest.Wait() // tmux may be in the middle of a notification
	require.NoError(m.t, m.conn.Close())
	others.Wait()
	require.Error(m.t, m.conn.Err())
}

func (m *model) call(c *scripted) {
	ctx := m.t.Context()
	if c.timeout > 0 {
		limited, cancel := context.WithTimeout(ctx, c.timeout)
		defer cancel()
		ctx = limited
	}
	req := request{
		text: fmt.Appendf(nil, "run %d %s", c.id, strings.Repeat("x", c.filler)), sender: c.lane, frame: c.frame,
		nonce: c.kind == wiretest.Nonce || c.kind == wiretest.Sealed, readOnly: c.readOnly,
	}
	req.onAnswer = func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		c.answered = true
		m.log = append(m.log, fmt.Sprint("answered ", c.id))
	}
	c.blocks, c.err = m.conn.call(ctx, req)
}

// dial shuts the gate now and then. Once the commands inside have left, no gated
// command may be written until it opens.
func (m *model) dial(over <-chan struct{}, times int) {
	for range times {
		select {
		case <-over:
			return
		case <-time.After(time.Millisecond):
		}
		ctx, cancel := context.WithTimeout(m.t.Context(), 5*time.Millisecond)
		open := m.gate.shut(ctx)
		quiet := ctx.Err() == nil
		cancel()
		before := m.gatedWrites()
		select {
		case <-over:
		case <-time.After(time.Millisecond):
		}
		if quiet {
			require.Equal(m.t, before, m.gatedWrites())
		}
		open()
	}
}

func (m *model) gatedWrites() (n int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, c := range m.commands {
		if c.written && !c.readOnly {
			n++
		}
	}
	return n
}

// check compares every result with the script.
func (m *model) check(seen map[string]int) {
	for _, c := range m.commands {
		kind := m.fate(c)
		require.NotEmpty(m.t, kind, "command %d (frame %+v, written %v, answered %v): %v, %q instead of %q", c.id, c.frame, c.written, c.answered, c.err, c.blocks, c.want)
		seen[kind]++
	}
	var want []string
	for _, e := range m.events {
		if e.at <= len(m.stream) {
			want = append(want, e.text)
		}
	}
	require.Equal(m.t, want, m.log)
	require.Zero(m.t, m.gate.inside)
	require.Zero(m.t, m.conn.waiting.len())
	require.Zero(m.t, m.conn.queued.calls)
	require.Empty(m.t, m.conn.queued.callers)
}

// fate names the fate of a command; empty: it is none of those that may be.
func (m *model) fate(c *scripted) string {
	is := func(kind string, rightly bool) string {
		if rightly {
			return kind
		}
		return ""
	}
	switch err := c.err; {
	case err == nil && c.blocks[len(c.blocks)-1].Failed:
		return is("refused", c.answered && sameBlocks(c.want, c.blocks))
	case err == nil:
		return is("answered", c.answered && !c.tooLarge && sameBlocks(c.want, c.blocks))
	case errors.Is(err, ErrTooLarge):
		return is("too large", c.answered && c.tooLarge)
	case errors.Is(err, context.DeadlineExceeded):
		return is("left", c.timeout > 0)
	case errors.Is(err, ErrUnknownOutcome):
		return is("unknown", c.written && !c.answered)
	case errors.Is(err, ErrNotSent):
		return is("not sent", !c.written)
	case errors.Is(err, ErrNoTurn):
		return is("no turn", !c.written)
	case errors.Is(err, ErrTooManyBytes):
		return is("too many bytes", !c.written && m.opts.MaxBytes != 0)
	case errors.Is(err, ErrOverloaded):
		return is("overloaded", !c.written && m.opts.MaxInFlight != 0)
	}
	return ""
}

func sameBlocks(want, got []Block) bool {
	return slices.EqualFunc(want, got, func(a, b Block) bool {
		return a.Failed == b.Failed && string(a.Body) == string(b.Body)
	})
}
