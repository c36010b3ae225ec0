package session

import (
	"time"

	"interplexer/controlmode"
)

// told takes what the hub's connection tells, in its order, on its reader's
// goroutine: nothing here waits for anybody.
func (l *live) told(n controlmode.Notification) {
	switch n := n.(type) {
	case controlmode.Output:
		l.printed(n)
	case controlmode.PaneModeChanged:
		l.links.each(n.Pane, (*screen).changedNow)
	case controlmode.Pause: // tmux has dropped what was not yet told
		l.flooded(n.Pane, true)
	case controlmode.LayoutChange:
		l.turned(l.links.of(n.Window)...)
	case controlmode.WindowPaneChanged:
		l.turned(l.links.of(n.Window)...)
	case controlmode.SessionWindowChanged:
		if w := l.links.session(n.Session); w != nil {
			l.turned(w)
		}
	case controlmode.WindowClose:
		if all := l.links.of(n.Window); len(all) > 0 {
			l.turned(all...)
			l.soon(func(d *due) { d.orphans = true })
		}
	case controlmode.WindowAdd:
		if n.Unlinked { // else the hub has linked it
			l.soon(func(d *due) { d.strangers = true })
		}
	}
}

// turned notes that sessions may have other windows or panes.
func (l *live) turned(all ...*watched) {
	for _, w := range all {
		w.turns.Add(1)
		l.linkSoon(w)
		w.stir()
	}
}

const (
	// A pane that prints more than floodBytes in floodTime is not listened to
	// for floodRest: telling it all would cost more than looking at it.
	floodBytes = 512 << 10
	floodTime  = 100 * time.Millisecond
	floodRest  = 200 * time.Millisecond
	// Nor is one of which tmux, which keeps it for longer just then, tells lateBytes
	// in a row lateAge after they came.
	lateAge   = time.Second
	lateBytes = 64 << 10
)

// flow measures what a pane prints. It belongs to the hub's reader.
type flow struct {
	since time.Time
	bytes int // since then
	late  int // bytes told late in a row
}

// floods reports whether a pane that prints n as well prints too much.
func (f *flow) floods(n controlmode.Output, now time.Time) bool {
	if now.Sub(f.since) > floodTime {
		f.since, f.bytes = now, 0
	}
	f.bytes += len(n.Data)
	f.late += len(n.Data)
	if time.Duration(n.Age)*time.Millisecond < lateAge {
		f.late = 0
	}
	return f.bytes > floodBytes || f.late > lateBytes
}

// printed takes a pane's output.
func (l *live) printed(n controlmode.Output) {
	floods, wanted := false, false
	now := time.Now()
	l.links.each(n.Pane, func(s *screen) {
		s.changed() // before those who read the output look
		s.output.write(n.Data)
		wanted = s.output.tell(n.Data) || wanted
		s.owner.stir()
		floods = s.flow.floods(n, now) || floods
	})
	if wanted && time.Duration(n.Age)*time.Millisecond >= lateOutput {
		l.runLate(now)
	}
	if floods && !wanted {
		l.flooded(n.Pane, false)
	}
}

// flooded stops the listening to a pane; paused: tmux has stopped the telling
// already.
func (l *live) flooded(p controlmode.PaneID, paused bool) {
	known := true
	l.links.each(p, func(s *screen) {
		if s.deaf.CompareAndSwap(false, true) {
			known = false
		}
		s.flow = flow{}
		if paused {
			s.output.gap()
		}
	})
	if !known {
		l.soon(func(d *due) { d.floods = append(d.floods, flood{pane: p, paused: paused}) })
	}
}

// changedNow counts a change and has whoever follows the session look.
func (s *screen) changedNow() {
	s.changed()
	s.owner.stir()
}
