package live

import (
	"crypto/rand"
	"encoding/hex"
	"slices"
	"sync"
	"unicode/utf8"

	"interplexer/api/session"
)

// MaxKeptOutput bounds the output of one pane that is kept, in bytes.
const MaxKeptOutput = 256 << 10

// Tap gets every byte of a pane's output at once, until it is detached. The hub's reader
// calls its methods, which must not block.
type Tap interface {
	// Write gets output. It reports whether the Tap still wants every byte. If so, the
	// pane is not paused, however much it prints.
	Write(data []byte) (wanted bool)
	// Gap notes that output was lost here.
	Gap()
}

// output keeps the last bytes that a pane's program wrote, once somebody has asked for
// them, and gives every byte to the taps.
type output struct {
	mu    sync.Mutex // guards the fields below
	epoch string     // empty: nobody has asked yet
	kept  []byte
	end   uint64        // offset of the next byte
	more  chan struct{} // closed when end grows; nil: nobody waits
	taps  []Tap         // copied on write
}

// record starts the recording if it has not started, and returns its end.
func (o *output) record() (epoch string, end uint64) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		var b [6]byte
		rand.Read(b[:]) // never fails (Go 1.24)
		o.epoch = hex.EncodeToString(b[:])
	}
	return o.epoch, o.end
}

// write keeps bytes that the program wrote. It does not block: the hub's reader calls it.
func (o *output) write(data []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.epoch == "" {
		return
	}
	if over := len(o.kept) + len(data) - MaxKeptOutput; over > 0 {
		// This drops half of it at once, so that moving the rest costs little.
		over = min(max(over, MaxKeptOutput/2), len(o.kept))
		o.kept = o.kept[:copy(o.kept, o.kept[over:])]
	}
	o.end += uint64(len(data))
	o.kept = append(o.kept, data[max(0, len(data)-MaxKeptOutput):]...)
	o.wake()
}

// writeTaps gives bytes that the program wrote to the taps. It reports whether one of them
// wants every byte.
func (o *output) writeTaps(data []byte) (wanted bool) {
	o.mu.Lock()
	taps := o.taps
	o.mu.Unlock()
	for _, t := range taps {
		wanted = t.Write(data) || wanted
	}
	return wanted
}

// attach gives a Tap the bytes that are written from now on.
func (o *output) attach(t Tap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taps = append(slices.Clone(o.taps), t)
}

func (o *output) detach(t Tap) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.taps = slices.DeleteFunc(slices.Clone(o.taps), func(other Tap) bool { return other == t })
}

// gap notes that bytes were lost here.
func (o *output) gap() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, t := range o.taps {
		t.Gap()
	}
	o.skip()
}

// skip drops the kept output and makes a gap there. The caller holds mu.
func (o *output) skip() {
	if o.epoch == "" {
		return
	}
	o.kept = o.kept[:0]
	o.end++ // so that no earlier cursor points behind the gap
	o.wake()
}

// wake wakes those who wait for more. The caller holds mu.
func (o *output) wake() {
	if o.more != nil {
		close(o.more)
		o.more = nil
	}
}

// read returns up to n bytes from an offset on. If there are none yet, it returns a channel
// that is closed when there may be some. It fails with session.ErrGap.
func (o *output) read(epoch string, from uint64, n int) (data []byte, more <-chan struct{}, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := o.end - uint64(len(o.kept))
	if epoch != o.epoch || from < start || from > o.end {
		return nil, nil, session.ErrGap
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

// follows reports whether all output after an offset is kept, is no more than n bytes, and
// does not begin within a character.
func (o *output) follows(epoch string, from, n uint64) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	start := o.end - uint64(len(o.kept))
	if epoch != o.epoch || from < start || from > o.end || o.end-from > n {
		return false
	}
	return from == o.end || utf8.RuneStart(o.kept[from-start])
}

// size is the memory of the kept output, in bytes.
func (o *output) size() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	return cap(o.kept)
}

// evict frees the kept output.
func (o *output) evict() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.skip()
	o.kept = nil
}
