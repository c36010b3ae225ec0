package live

import (
	"time"

	"interplexer/controlmode"
)

// handleNotification handles a notification of the hub's connection. The connection's
// reader calls it, in the order of the notifications, so it must not block.
func (s *Screens) handleNotification(n controlmode.Notification) {
	switch n := n.(type) {
	case controlmode.Output:
		s.handleOutput(n)
	case controlmode.PaneModeChanged:
		s.windows.each(n.Pane, (*screen).changedAndWake)
	case controlmode.Pause: // tmux has dropped the output that it had not delivered
		s.enqueueFlood(n.Pane, true)
	case controlmode.LayoutChange:
		s.layoutChanged(s.windows.with(n.Window)...)
	case controlmode.WindowPaneChanged:
		s.layoutChanged(s.windows.with(n.Window)...)
	case controlmode.SessionWindowChanged:
		if w := s.windows.session(n.Session); w != nil {
			s.layoutChanged(w)
		}
	case controlmode.WindowClose:
		if all := s.windows.with(n.Window); len(all) > 0 {
			s.layoutChanged(all...)
			s.enqueue(func(q *workQueue) { q.orphans = true })
		}
	case controlmode.WindowAdd:
		if n.Unlinked { // else the hub has linked it
			s.enqueue(func(q *workQueue) { q.unknownWindows = true })
		}
	}
}

// layoutChanged notes that sessions may have other windows or panes.
func (s *Screens) layoutChanged(all ...*watched) {
	for _, w := range all {
		w.revision.Add(1)
		s.enqueueLink(w)
		w.wake()
	}
}

// handleOutput handles a pane's output.
func (s *Screens) handleOutput(n controlmode.Output) {
	floods, wanted := false, false
	now := s.now()
	s.windows.each(n.Pane, func(screen *screen) {
		screen.changed() // before a reader of the output is woken and looks
		screen.output.write(n.Data)
		wanted = screen.output.writeTaps(n.Data) || wanted
		screen.owner.wake()
		floods = screen.flow.floods(n, now) || floods
	})
	if wanted && time.Duration(n.Age)*time.Millisecond >= lateOutput {
		s.lengthenPauseAfter(now)
	}
	if floods && !wanted {
		s.enqueueFlood(n.Pane, false)
	}
}
