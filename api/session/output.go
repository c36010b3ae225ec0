package session

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"unicode/utf8"
)

// maxRing bounds what is kept of one pane's output, in bytes.
const maxRing = 256 << 10

// ErrGap: some of the output after the cursor is not kept any more, or was
// never heard; what the screen shows now says where it led to.
var ErrGap = errors.New("session: a gap in the output")

// Cursor is a place in a pane's output. Offsets count bytes; where output was
// lost, they jump.
type Cursor struct {
	Pane   string // "%5"
	Epoch  string // of this listening to the pane; offsets of another one mean nothing
	Offset uint64
}

// output keeps the last bytes that a pane's program wrote, from the first time
// that somebody asks for them.
type output struct {
	mu    sync.Mutex // guards what follows
	epoch string     // empty: nobody has asked yet
	kept  []byte
	end   uint64        // offset of the next byte
	more  chan struct{} // closed when end moves; nil: nobody waits
	ears  []*ear        // of those who miss nothing; replaced, never changed
}

// listen starts the keeping, if need be, and returns the place where it is.
func (o *output) listen() (epoch string, end uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		var b [6]byte
		rand.Read(b[:]) // never fails (Go 1.24)
		o.epoch = hex.EncodeToString(b[:])
	}
	return o.epoch, o.end
}

// write takes what the program wrote. It never blocks for long: the reader of
// the hub's connection calls it.
func (o *output) write(data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		return
	}
	if over := len(o.kept) + len(data) - maxRing; over > 0 {
		// Half of it goes at once, so that the moving costs little.
		over = min(max(over, maxRing/2), len(o.kept))
		o.kept = o.kept[:copy(o.kept, o.kept[over:])]
	}
	o.end += uint64(len(data))
	o.kept = append(o.kept, data[max(0, len(data)-maxRing):]...)
	o.wake()
}

// tell has the ears hear what the program wrote. It reports whether one wants all
// of it.
func (o *output) tell(data []byte) (wanted bool) {
	o.mu.Lock()
	ears := o.ears
	o.mu.Unlock()
	for _, e := range ears {
		wanted = e.write(data) || wanted
	}
	return wanted
}

// attach has an ear hear what is written from now on.
func (o *output) attach(e *ear) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ears = append(slices.Clone(o.ears), e)
}

func (o *output) detach(e *ear) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.ears = slices.DeleteFunc(slices.Clone(o.ears), func(other *ear) bool { return other == e })
}

// gap notes that bytes were lost here.
func (o *output) gap() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, e := range o.ears {
		e.gap()
	}
	o.skip()
}

// skip forgets what is kept, for those who read it. The caller holds mu.
func (o *output) skip() {
	if o.epoch == "" {
		return
	}
	o.kept = o.kept[:0]
	o.end++ // so that no cursor of before is the place after
	o.wake()
}

// wake tells those who wait. The caller holds mu.
func (o *output) wake() {
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
}

// read returns up to n bytes from an offset on, or ErrGap. Without any it
// returns a channel that is closed when there may be some.
func (o *output) read(epoch string, from uint64, n int) (data []byte, more <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := o.end - uint64(len(o.kept))
	if epoch != o.epoch || from < start || from > o.end {
		return nil, nil, ErrGap
	}
	rest := o.kept[from-start:]
	if len(rest) == 0 {
		if o.more == nil {
			o.more = make(chan struct{})
		}
		return nil, o.more, nil
	}
	return append([]byte(nil), rest[:min(n, len(rest))]...), nil, nil
}

// follows reports whether all that came after an offset is kept, is no more than
// n bytes, and does not start in the midst of a character.
func (o *output) follows(epoch string, from, n uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := o.end - uint64(len(o.kept))
	if epoch != o.epoch || from < start || from > o.end || o.end-from > n {
		return false
	}
	return from == o.end || utf8.RuneStart(o.kept[from-start])
}

// size is what is kept, in bytes.
func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cap(o.kept)
}

// forget frees what is kept.
func (o *output) forget() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.skip()
	o.kept = nil
}
