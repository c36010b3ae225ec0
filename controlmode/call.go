package controlmode

import (
	"context"
	"slices"
	"time"

	"interplexer/controlmode/internal/wire"
)

// call is one command line whose answer somebody waits for.
type call struct {
	req    request
	lane   *lane
	sent   bool // it is on the wire, or about to be
	answer wire.Answer
	// counts the calls of the connection in the order in which they are sent
	number   uint64
	sentAt   time.Time // set on a connection with a cooldown
	gated    bool      // it is inside the gate
	onAnswer func()    // called from the reader's goroutine before done is closed; may be nil
	err      error
	done     chan struct{} // closed once answer or err is final
}

// call sends one command line when its turn comes, and waits for its answer or for
// ctx. If ctx is done first, a command that has not been sent is withdrawn. For one
// that has been sent only the wait ends: tmux still runs it, and its answer is read
// and dropped in its turn.
func (c *Conn) call(ctx context.Context, req request) ([]wire.Block, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if req.gated() {
		if err := c.opts.gate.enter(ctx); err != nil {
			return nil, err
		}
	}
	k, err := c.enqueue(req)
	if err != nil {
		if req.gated() {
			c.opts.gate.leave()
		}
		return nil, err
	}
	if err := c.await(ctx, k); err != nil {
		return nil, err
	}
	switch {
	case k.err != nil:
		return nil, k.err
	case k.answer.TooLarge:
		return nil, ErrTooLarge
	}
	return k.answer.Blocks, nil
}

// await waits until a call is done or is given up.
func (c *Conn) await(ctx context.Context, k *call) error {
	if c.isSent(k) { // nearly always
		select {
		case <-k.done:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	turn := time.NewTimer(c.opts.MaxWait)
	defer turn.Stop()
	for {
		select {
		case <-k.done:
			return nil
		case <-ctx.Done():
			c.withdraw(k)
			return ctx.Err()
		case <-turn.C:
			if c.withdraw(k) {
				return ErrNoTurn
			}
		}
	}
}

// isSent reports whether a call has been sent, or is about to be.
func (c *Conn) isSent(k *call) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return k.sent
}

// withdraw takes back a call that has not been sent. It returns false if the call has
// been sent or is done.
func (c *Conn) withdraw(k *call) bool {
	c.mu.Lock()
	back := !k.sent && c.err == nil && c.queued.remove(k)
	c.mu.Unlock()
	if back && k.gated {
		c.opts.gate.leave()
	}
	return back
}

// enqueue queues a command and sends the commands whose turn it is.
func (c *Conn) enqueue(req request) (*call, error) {
	k := &call{req: req, answer: wire.Answer{Frame: req.frame}, gated: req.gated(), onAnswer: req.onAnswer, done: make(chan struct{})}
	if req.nonce {
		k.answer.Frame.Nonce = c.opts.Nonce()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.err != nil:
		return nil, ErrNotSent
	case c.queued.calls+c.waiting.len() >= c.opts.MaxInFlight:
		return nil, ErrOverloaded
	case c.queued.calls > 0 && c.queued.bytes+len(req.text) > c.opts.MaxBytes:
		return nil, ErrTooManyBytes
	}
	c.queued.add(k)
	c.sendQueued()
	return k, nil
}

// sendQueued moves the calls whose turn it is to the output and to the queue of
// waiters. The caller holds mu for both, so that the order of the waiters is the
// order on the wire.
func (c *Conn) sendQueued() {
	some := false
	for !c.coolingDown && c.waiting.len() < c.opts.window {
		k := c.queued.next()
		if k == nil {
			break
		}
		c.scheduled++
		k.number, k.sent = c.scheduled, true
		if c.opts.cooldown != nil {
			k.sentAt = time.Now()
		}
		c.waiting.push(k)
		c.out = k.answer.Frame.AppendLine(c.out, k.req.text)
		some = true
	}
	if !some {
		return
	}
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// release lets the caller of a command go on.
func (c *Conn) release(k *call) {
	if k.gated {
		c.opts.gate.leave()
	}
	close(k.done)
}

// callQueue is a first-in first-out queue of calls. It reuses its storage, and moves
// the calls in it only when half of it is free.
type callQueue struct {
	calls []*call
	first int
}

func (q *callQueue) len() int { return len(q.calls) - q.first }

func (q *callQueue) push(k *call) {
	if q.first > 32 && q.first > len(q.calls)/2 {
		n := copy(q.calls, q.calls[q.first:])
		clear(q.calls[n:])
		q.calls, q.first = q.calls[:n], 0
	}
	q.calls = append(q.calls, k)
}

// head is the oldest call; nil: there is none.
func (q *callQueue) head() *call {
	if q.len() == 0 {
		return nil
	}
	return q.calls[q.first]
}

// pop takes the oldest call. There must be one.
func (q *callQueue) pop() *call {
	k := q.calls[q.first]
	q.calls[q.first] = nil
	q.first++
	return k
}

// remove takes one call out, wherever it stands. It returns false if the call is not
// there.
func (q *callQueue) remove(k *call) bool {
	i := slices.Index(q.calls[q.first:], k)
	if i < 0 {
		return false
	}
	q.calls = slices.Delete(q.calls, q.first+i, q.first+i+1)
	return true
}

// takeAll empties the queue.
func (q *callQueue) takeAll() []*call {
	all := q.calls[q.first:]
	*q = callQueue{}
	return all
}
