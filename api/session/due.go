package session

import (
	"maps"

	"interplexer/controlmode"
)

// due is what run is to do.
type due struct {
	link      map[*watched]bool // find out the shape, and link
	unlink    []controlmode.WindowID
	floods    []flood
	strangers bool // there are windows that may belong to a watched session
	orphans   bool // windows may be linked into the hub that nobody needs there
}

func newDue() due { return due{link: map[*watched]bool{}} }

func (d *due) empty() bool {
	return len(d.link) == 0 && len(d.unlink) == 0 && len(d.floods) == 0 && !d.strangers && !d.orphans
}

func (d *due) add(other due) {
	maps.Copy(d.link, other.link)
	d.unlink = append(d.unlink, other.unlink...)
	d.floods = append(d.floods, other.floods...)
	d.strangers = d.strangers || other.strangers
	d.orphans = d.orphans || other.orphans
}

// linkSoon has a session's shape found out, and its windows linked.
func (l *live) linkSoon(w *watched) {
	l.soon(func(d *due) { d.link[w] = true })
}

// soon notes what is due.
func (l *live) soon(note func(*due)) {
	l.mu.Lock()
	note(&l.due)
	l.mu.Unlock()
	l.callRun()
}

// later notes what is due in a second: what has failed would fail again at once.
func (l *live) later(note func(*due)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	note(&l.next)
}

// ripen makes due what was to be done later.
func (l *live) ripen() {
	l.mu.Lock()
	some := !l.next.empty()
	l.due.add(l.next)
	l.next = newDue()
	l.mu.Unlock()
	if some {
		l.callRun()
	}
}

func (l *live) callRun() {
	select {
	case l.work <- struct{}{}:
	default: // told already
	}
}

// take returns what is due, as something that is being done.
func (l *live) take() due {
	l.mu.Lock()
	defer l.mu.Unlock()
	d := l.due
	l.due = newDue()
	return d
}
