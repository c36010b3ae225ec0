package session

import (
	"bytes"
	"regexp"
	"sync"
)

// ear hears what a pane's program writes between two marks, and keeps the first
// bytes of it. It undoes what the terminal does to a newline (ONLCR).
type ear struct {
	begin, end []byte         // the marks
	most       int            // bytes to keep
	preface    *regexp.Regexp // of what the shell itself writes first; nil: nothing

	mu        sync.Mutex // guards what follows
	bytes     uint64     // that it was told
	hears     bool       // the first mark has come
	held      []byte     // the last bytes, which may be the start of a mark
	cr        bool       // a carriage return is held back: the terminal's own if a newline follows
	kept      []byte
	truncated bool
	ended     bool
	over      chan struct{} // closed when the last mark has come, or never will for sure
}

// longestPreface is how much of a preface may count as output for a while.
const longestPreface = 4 << 10

// skip leaves out what the shell itself writes first.
func (e *ear) skip(preface *regexp.Regexp) {
	if preface != nil {
		e.preface, e.most = preface, e.most+longestPreface
	}
}

func newEar(begin, end string, most int) *ear {
	return &ear{begin: []byte(begin), end: []byte(end), most: most, over: make(chan struct{})}
}

// write takes what the program wrote. It reports whether all of it is wanted.
func (e *ear) write(data []byte) (wanted bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return false
	}
	e.bytes += uint64(len(data))
	data = append(e.held, data...)
	if !e.hears {
		i := bytes.Index(data, e.begin)
		if i < 0 {
			e.hold(data, e.begin)
			return true
		}
		e.hears = true
		data = data[i+len(e.begin):]
	}
	if i := bytes.Index(data, e.end); i >= 0 {
		e.take(data[:i])
		e.finish()
		return false
	}
	e.take(data[:len(data)-e.hold(data, e.end)])
	return !e.truncated
}

// hold keeps the bytes at the end that may be the start of a mark, and returns
// how many.
func (e *ear) hold(data, mark []byte) int {
	n := min(len(data), len(mark)-1)
	for n > 0 && !bytes.HasPrefix(mark, data[len(data)-n:]) {
		n--
	}
	e.held = append([]byte(nil), data[len(data)-n:]...)
	return n
}

// take keeps bytes of the output.
func (e *ear) take(data []byte) {
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

func (e *ear) keep(data []byte) {
	room := e.most - len(e.kept)
	if len(data) > room {
		data, e.truncated = data[:room], true
	}
	e.kept = append(e.kept, data...)
}

// gap notes that bytes were lost here. The last mark may have been among them.
func (e *ear) gap() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if e.hears {
		e.take(e.held)
	}
	e.truncated = true
	e.finish()
}

// closeAtLine notes that no more will come; what came after the last line is the
// shell's prompt.
func (e *ear) closeAtLine() {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.ended {
		return
	}
	if e.hears {
		e.take(e.held)
	}
	e.finish()
	if !e.truncated {
		e.kept = e.kept[:bytes.LastIndexByte(e.kept, '\n')+1]
	}
}

// finish ends the hearing. The caller holds mu.
func (e *ear) finish() {
	if e.cr && !e.truncated {
		e.keep([]byte{'\r'})
	}
	e.cr, e.held, e.ended = false, nil, true
	close(e.over)
}

// told is how many bytes it was told so far.
func (e *ear) told() uint64 {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.bytes
}

// heard is what was heard so far; nobody may change it.
func (e *ear) heard() (kept []byte, truncated bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	kept = e.kept[:len(e.kept):len(e.kept)]
	if e.preface != nil {
		kept = kept[len(e.preface.Find(kept)):]
		if n := e.most - longestPreface; len(kept) > n {
			return kept[:n:n], true
		}
	}
	return kept, e.truncated
}
