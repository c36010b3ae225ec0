package live

import (
	"context"
	"time"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// Listen returns the present end of the pane's output, from which Output goes on. It blocks
// while the pane is not linked into the hub.
func (v *Viewer) Listen(ctx context.Context) (session.Cursor, error) {
	s, info, err := v.awaitLiveScreen(ctx)
	if err != nil {
		return session.Cursor{}, err
	}
	return cursorOf(s, info), nil
}

// Relisten is Listen that does not block: while the pane is not linked into the hub, it
// fails with session.ErrUnavailable.
func (v *Viewer) Relisten() (session.Cursor, error) {
	s, info, err := v.liveScreen()
	switch {
	case isNotLive(err):
		return session.Cursor{}, session.ErrUnavailable
	case err != nil:
		return session.Cursor{}, err
	}
	return cursorOf(s, info), nil
}

func cursorOf(s *screen, info controlmode.PaneInfo) session.Cursor {
	epoch, end := s.output.record()
	return session.Cursor{Pane: info.Pane.String(), Epoch: epoch, Offset: end}
}

// Output returns up to n bytes of the pane's output from a cursor on, and the cursor after
// them. When there are none yet, it returns a channel that is closed when there may be
// some. It does not block. It fails with session.ErrGap when bytes are missing or the
// cursor is of another pane; then go on with the cursor of Listen or Repaint.
func (v *Viewer) Output(c session.Cursor, n int) (data []byte, next session.Cursor, more <-chan struct{}, err error) {
	changes := v.Changes()
	s, info, err := v.liveScreen()
	switch {
	case isNotLive(err):
		return nil, c, changes, nil
	case err != nil:
		return nil, c, nil, err
	case info.Pane.String() != c.Pane:
		return nil, c, nil, session.ErrGap
	}
	data, more, err = s.output.read(c.Epoch, c.Offset, n)
	c.Offset += uint64(len(data))
	return data, c, more, err
}

// LivePane is a pane whose output the hub reports.
type LivePane struct {
	ID      controlmode.PaneID
	Session controlmode.SessionID
	Server  controlmode.ServerID
	PID     int // of the process that tmux started in it
	screen  *screen
}

// Attach gives a Tap the pane's output from now on, until Detach.
func (p LivePane) Attach(t Tap) { p.screen.output.attach(t) }

// Detach undoes Attach.
func (p LivePane) Detach(t Tap) { p.screen.output.detach(t) }

// LivePane blocks until the hub reports all of the output of the Viewer's pane, and returns
// the pane. It fails as Listen does.
func (v *Viewer) LivePane(ctx context.Context) (LivePane, error) {
	look := time.NewTicker(livePaneInterval)
	defer look.Stop()
	for {
		s, info, err := v.awaitLiveScreen(ctx)
		if err != nil {
			return LivePane{}, err
		}
		if !s.paused.Load() {
			return LivePane{ID: info.Pane, Session: info.Session, Server: v.w.ref.Server, PID: info.PID, screen: s}, nil
		}
		select {
		case <-look.C: // it is paused since it has printed too much
		case <-ctx.Done():
			return LivePane{}, ctx.Err()
		}
	}
}
