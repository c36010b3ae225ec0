package controlmode

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"sync/atomic"
	"time"

	"interplexer/controlmode/internal/ptyprocess"
	"interplexer/controlmode/internal/wire"
)

// Errors of a command that tmux did not answer.
var (
	// ErrNotSent: the connection was gone before the command was written. Nothing was
	// done.
	ErrNotSent = errors.New("controlmode: not connected, command not sent")
	// ErrUnknownOutcome: the connection broke after the command was written and
	// before its answer. tmux may or may not have run it.
	ErrUnknownOutcome = errors.New("controlmode: connection lost, outcome unknown")
	// ErrOverloaded: too many commands wait for their turn or for their answers.
	// Nothing was sent.
	ErrOverloaded = errors.New("controlmode: too many commands in flight")
	// ErrTooManyBytes is ErrOverloaded because of the size of the commands that wait.
	ErrTooManyBytes = fmt.Errorf("%w: too many bytes", ErrOverloaded)
	// ErrNoTurn is ErrOverloaded after a wait: the command's turn did not come in
	// time. Nothing was sent.
	ErrNoTurn = fmt.Errorf("%w: no turn in time", ErrOverloaded)
	// ErrTooLarge: the answer was longer than the limit and was dropped.
	ErrTooLarge = errors.New("controlmode: answer too large")
)

// ConnOptions are the limits of a Conn. The zero value works.
type ConnOptions struct {
	// MaxInFlight bounds the commands that wait for their turn or their answers. More
	// are refused with ErrOverloaded. 0: 4096.
	MaxInFlight int
	// MaxBytes bounds the commands that wait for their turn, in bytes. More are
	// refused with ErrTooManyBytes. 0: 64 MiB.
	MaxBytes int
	// MaxWait bounds the wait for a turn. After it a command fails with ErrNoTurn. 0:
	// 5 s.
	MaxWait time.Duration
	// MaxAnswer bounds the bytes of one answer. A longer one is read, dropped and
	// reported as ErrTooLarge. 0: 64 MiB.
	MaxAnswer int
	// OnNotification is called from the reader's goroutine, in the stream's order. It
	// must not block. nil: notifications are dropped.
	OnNotification func(Notification)
	// Nonce makes the text that ends an answer. No program may be able to guess it.
	// nil: 128 random bits.
	Nonce func() string
	// Trace, for tests and debugging, receives every chunk of the stream: sent ones
	// from the writer's goroutine, and received ones from the reader's. It must not
	// keep data. Never log it: it holds all that users type.
	Trace func(sent bool, data []byte)

	gate *gate // entered by commands that change something
	// cooldown returns how long to wait before the next command, after one that took
	// so long. nil: there is no wait.
	cooldown func(took time.Duration) time.Duration
	window   int // commands that may wait for tmux's answer at a time; 0: maxWindowCalls
}

// Conn is one control-mode connection, made by Dial or NewConn. Its methods are safe
// for concurrent use, and commands reach tmux in the order in which they are taken.
// It belongs to one tmux server process for its whole life. Whoever made it closes
// it, also when it has ended.
type Conn struct {
	Client
	anchor string // the name of its session; empty: not known
	stream io.ReadWriteCloser
	kill   func() // ends the other side, so that reads return; may be called again
	opts   ConnOptions
	lost   chan struct{} // closed when the connection is known to be ending
	done   chan struct{} // closed when no goroutine of the Conn runs any more
	wake   chan struct{} // tells the writer that out has grown; holds one value
	reads  atomic.Uint64 // chunks that tmux has sent

	cooldowns   sync.WaitGroup // one while a cooldown lasts
	cooldownEnd *time.Timer    // of the latest cooldown; only the reader sets it

	mu          sync.Mutex // guards the fields below
	out         []byte     // queued for the next write
	queued      schedule   // calls that are not on the wire yet
	waiting     callQueue  // calls without an answer, in the order of their bytes on the wire
	scheduled   uint64     // number of the last call put on the wire
	written     uint64     // number of the last call handed to a write
	coolingDown bool       // no command is sent until the cooldown is over
	err         error      // why the connection ended; nil while it is up
}

// newConn starts the reader and the writer on a stream. kill must make a blocked read
// or write on it return. exited is closed when the client's process has ended; nil:
// there is no process to wait for.
func newConn(stream io.ReadWriteCloser, kill func(), exited <-chan struct{}, opts ConnOptions) *Conn {
	if opts.MaxInFlight == 0 {
		opts.MaxInFlight = 4096
	}
	if opts.MaxBytes == 0 {
		opts.MaxBytes = 64 << 20
	}
	if opts.MaxWait == 0 {
		opts.MaxWait = 5 * time.Second
	}
	if opts.window == 0 {
		opts.window = maxWindowCalls
	}
	if opts.MaxAnswer == 0 {
		opts.MaxAnswer = 64 << 20
	}
	if opts.OnNotification == nil {
		opts.OnNotification = func(Notification) {}
	}
	if opts.Trace == nil {
		opts.Trace = func(bool, []byte) {}
	}
	if opts.Nonce == nil {
		opts.Nonce = randomNonce
	}
	c := &Conn{
		stream: stream,
		kill:   kill,
		opts:   opts,
		lost:   make(chan struct{}),
		done:   make(chan struct{}),
		wake:   make(chan struct{}, 1),
	}
	c.Client = Client{caller: c}
	go c.loop(exited)
	return c
}

// Close ends the client process first and then the pty, and waits for both. (A pty
// that is closed with output pending would wedge the client, and even keep the tmux
// server from exiting.) The tmux server and its sessions live on. Commands in flight
// fail with ErrUnknownOutcome, those that wait for their turn with ErrNotSent. Close
// takes about a second at most, may be called again, and always returns nil.
func (c *Conn) Close() error {
	c.kill()
	<-c.done
	return nil
}

// Done is closed when the connection has ended and its process is gone.
func (c *Conn) Done() <-chan struct{} { return c.done }

// Err returns the reason for which the connection ended; nil while it is up.
func (c *Conn) Err() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.err
}

// catchUp waits until everything that tmux has written has been handled (see
// ptyprocess.Process.CatchUp).
func (c *Conn) catchUp(ctx context.Context) {
	if p, ok := c.stream.(*ptyprocess.Process); ok { // and not a recorded stream
		p.CatchUp(ctx, c.lost)
	}
}

// idle reports whether tmux owes no answer.
func (c *Conn) idle() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.waiting.len() == 0 && c.queued.calls == 0
}

// sendPing sends a command without waiting for its answer.
func (c *Conn) sendPing() {
	_, _ = c.enqueue(request{text: []byte("display-message -p ok"), frame: wire.Frame{Blocks: 1}, readOnly: true})
}

// loop owns the reader and the writer. It returns, and closes done, when both have
// ended and every caller has its answer or error.
func (c *Conn) loop(exited <-chan struct{}) {
	readErr := make(chan error, 1)
	stop := make(chan struct{})
	written := make(chan struct{})
	go func() { readErr <- c.read() }()
	go func() { c.write(stop); close(written) }()
	var err error
	select {
	case err = <-readErr:
		close(c.lost)
	case <-exited: // the stream goes on until tmux has noticed
		close(c.lost)
		err = <-readErr
	}
	c.fail(err)
	c.kill()
	close(stop)
	<-written
	c.stopCooldown()
	c.stream.Close()
	close(c.done)
}

// fail ends the connection for every caller.
func (c *Conn) fail(err error) {
	c.mu.Lock()
	c.err = err
	waiting, written := append(c.waiting.takeAll(), c.queued.takeAll()...), c.written
	c.out = nil
	c.mu.Unlock()
	for _, k := range waiting {
		k.err = ErrNotSent
		if k.sent && k.number <= written {
			k.err = ErrUnknownOutcome
		}
		c.release(k)
	}
}

// write sends everything that is queued in one write each time, until stop is closed
// or a write fails. After a failed write the reader reaches the end of the stream
// too.
func (c *Conn) write(stop <-chan struct{}) {
	var buf []byte
	for {
		select {
		case <-stop:
			return
		case <-c.wake:
		}
		c.mu.Lock()
		buf, c.out = c.out, buf[:0]
		c.written = c.scheduled
		c.mu.Unlock()
		if len(buf) == 0 {
			continue
		}
		c.opts.Trace(true, buf)
		if _, err := c.stream.Write(buf); err != nil {
			c.kill()
			return
		}
		if cap(buf) > maxReusedBuffer {
			buf = nil
		}
	}
}

// maxReusedBuffer is the largest buffer that is kept for the next use.
const maxReusedBuffer = 1 << 20

// read decodes the stream until it ends. Lines have no limit in control mode, so the
// buffer grows to the longest line; MaxAnswer bounds it.
func (c *Conn) read() error {
	d := wire.Decoder{Next: c.nextAnswer, Notify: c.opts.OnNotification, MaxBody: c.opts.MaxAnswer}
	buf := make([]byte, 0, 64<<10)
	for {
		if len(buf) == cap(buf) {
			if len(buf) > c.opts.MaxAnswer {
				return fmt.Errorf("%w: a line longer than %d bytes", ErrProtocol, c.opts.MaxAnswer)
			}
			buf = append(buf, 0)[:len(buf)]
		}
		n, err := c.stream.Read(buf[len(buf):cap(buf)])
		c.reads.Add(1)
		scanned := len(buf)
		c.opts.Trace(false, buf[scanned:scanned+n])
		buf = buf[:len(buf)+n]
		rest, lineErr := c.decodeLines(&d, buf, scanned)
		if lineErr != nil {
			return lineErr
		}
		if err != nil {
			return fmt.Errorf("controlmode: read: %w", err)
		}
		if cap(buf) > maxReusedBuffer && len(rest) < maxReusedBuffer/2 {
			buf = append(make([]byte, 0, maxReusedBuffer), rest...)
		} else {
			buf = buf[:copy(buf[:cap(buf)], rest)]
		}
	}
}

// decodeLines feeds every whole line of buf to the decoder and returns the rest. The
// first scanned bytes are known to hold no newline.
func (c *Conn) decodeLines(d *wire.Decoder, buf []byte, scanned int) ([]byte, error) {
	for {
		i := bytes.IndexByte(buf[scanned:], '\n')
		if i < 0 {
			return buf, nil
		}
		answered, err := d.Line(buf[:scanned+i])
		if err != nil {
			return nil, err
		}
		if answered != nil {
			c.finish()
		}
		buf, scanned = buf[scanned+i+1:], 0
	}
}

// nextAnswer is the answer of the oldest command; nil: there is no command that has
// been written, so tmux cannot be answering one.
func (c *Conn) nextAnswer() *wire.Answer {
	c.mu.Lock()
	defer c.mu.Unlock()
	k := c.waiting.head()
	if k == nil || k.number > c.written {
		return nil
	}
	return &k.answer
}

// finish releases the caller of the oldest command, whose answer is complete.
func (c *Conn) finish() {
	c.mu.Lock()
	k := c.waiting.pop()
	c.queued.answered(k)
	if c.opts.cooldown != nil {
		c.coolDown(k)
	}
	c.sendQueued()
	c.mu.Unlock()
	if k.onAnswer != nil {
		k.onAnswer()
	}
	c.release(k)
}

// coolDown stops the sending for a while after a command that took long. The caller
// holds mu.
func (c *Conn) coolDown(k *call) {
	rest := c.opts.cooldown(time.Since(k.sentAt))
	if rest <= 0 {
		return
	}
	c.coolingDown = true
	c.cooldowns.Add(1)
	c.cooldownEnd = time.AfterFunc(rest, func() {
		defer c.cooldowns.Done()
		c.mu.Lock()
		defer c.mu.Unlock()
		c.coolingDown = false
		if c.err == nil {
			c.sendQueued()
		}
	})
}

// stopCooldown ends a cooldown, and waits for it if it is just ending. The connection
// has failed, so no other begins.
func (c *Conn) stopCooldown() {
	if c.cooldownEnd != nil && c.cooldownEnd.Stop() {
		c.cooldowns.Done()
	}
	c.cooldowns.Wait()
}
