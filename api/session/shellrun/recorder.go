package shellrun

import (
	"bytes"
	"regexp"
	"sync"
)

// recorder records a pane's output between two marks, and keeps the first bytes of
// it. It removes the carriage returns that the terminal adds before newlines (ONLCR). It
// is a live.Tap.
type recorder struct {
	begin, end []byte         // the marks
	max        int            // bytes to keep
	preface    *regexp.Regexp // matches the output that the shell itself writes first; nil: none

	mu        sync.Mutex // guards the fields below
	total     uint64     // bytes received
	started   bool       // the first mark has come
	partial   []byte     // the last bytes, which may be the start of a mark
	cr        bool       // the last byte was a carriage return, kept back: if a newline follows, the terminal added it
	kept      []byte
	truncated bool
	ended     bool
	done      chan struct{} // closed when the last mark has come, or cannot come any more
}

func newRecorder(m marks, max int) *recorder {
	return &recorder{begin: []byte(m.begin), end: []byte(m.end), max: max, done: make(chan struct{})}
}

// longestPreface bounds a preface in bytes. So many bytes more than max are kept.
const longestPreface = 4 << 10

// skip leaves a preface out of the output. Call it before the recorder receives
// anything.
func (e *recorder) skip(preface *regexp.Regexp) {
	e.preface, e.max = preface, e.max+longestPreface
}

// Write takes output. It reports whether all of the output is still wanted.
func (e *recorder) Write(data []byte) (wanted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return false
	}
	e.total += uint64(len(data))
	data = append(e.partial, data...)
	if !e.started {
		i := bytes.Index(data, e.begin)
		if i < 0 {
			e.keepPartial(data, e.begin)
			return true
		}
		e.started = true
		data = data[i+len(e.begin):]
	}
	if i := bytes.Index(data, e.end); i >= 0 {
		e.record(data[:i])
		e.finish()
		return false
	}
	e.record(data[:len(data)-e.keepPartial(data, e.end)])
	return !e.truncated
}

// keepPartial keeps the bytes at the end that may be the start of a mark, and returns
// how many.
func (e *recorder) keepPartial(data, mark []byte) int {
	n := min(len(data), len(mark)-1)
	for n > 0 && !bytes.HasPrefix(mark, data[len(data)-n:]) {
		n--
	}
	e.partial = append([]byte(nil), data[len(data)-n:]...)
	return n
}

// record keeps output, without the carriage returns that the terminal has added.
func (e *recorder) record(data []byte) {
	if len(data) == 0 || e.truncated {
		return
	}
	if e.cr && data[0] != '\n' {
		e.keep([]byte{'\r'})
	}
	if e.cr = data[len(data)-1] == '\r'; e.cr {
		data = data[:len(data)-1]
	}
	for len(data) > 0 && !e.truncated {
		i := bytes.Index(data, []byte("\r\n"))
		if i < 0 {
			e.keep(data)
			return
		}
		e.keep(data[:i])
		data = data[i+1:]
	}
}

func (e *recorder) keep(data []byte) {
	room := e.max - len(e.kept)
	if len(data) > room {
		data, e.truncated = data[:room], true
	}
	e.kept = append(e.kept, data...)
}

// Gap notes that output was lost here, and ends the recording: the last mark may have
// been in it.
func (e *recorder) Gap() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if e.started {
		e.record(e.partial)
	}
	e.truncated = true
	e.finish()
}

// closeAtLine ends the recording, without the text after the last newline: that is the
// shell's prompt.
func (e *recorder) closeAtLine() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if e.started {
		e.record(e.partial)
	}
	e.finish()
	if !e.truncated {
		e.kept = e.kept[:bytes.LastIndexByte(e.kept, '\n')+1]
	}
}

// finish ends the recording. The caller holds mu.
func (e *recorder) finish() {
	if e.cr && !e.truncated {
		e.keep([]byte{'\r'})
	}
	e.cr, e.partial, e.ended = false, nil, true
	close(e.done)
}

// received is how many bytes have come so far.
func (e *recorder) received() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.total
}

// recorded returns the output so far. The caller must not change it.
func (e *recorder) recorded() (output []byte, truncated bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	output = e.kept[:len(e.kept):len(e.kept)]
	if e.preface != nil {
		output = output[len(e.preface.Find(output)):]
		if n := e.max - longestPreface; len(output) > n {
			return output[:n:n], true
		}
	}
	return output, e.truncated
}
