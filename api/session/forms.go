package session

import (
	"context"
	"sync"

	"interplexer/controlmode"
)

// maxForms bounds the forms of one screen that are kept: callers choose them.
const maxForms = 16

// forms are the caches of a screen's other forms than plain text.
type forms struct {
	capture func(context.Context, form) (shot, error)

	mu sync.Mutex // guards what follows
	by map[form]*cache
}

// form is the cache of one form of the screen.
func (s *screen) form(f form) *cache {
	if f == (form{}) {
		return &s.cache
	}
	s.forms.mu.Lock()
	defer s.forms.mu.Unlock()
	if k := s.forms.by[f]; k != nil {
		return k
	}
	k := &cache{of: s, capture: func(ctx context.Context) (shot, error) { return s.forms.capture(ctx, f) }}
	for other := range s.forms.by {
		if len(s.forms.by) < maxForms {
			break
		}
		delete(s.forms.by, other) // whoever wants it makes it anew
	}
	if s.forms.by == nil {
		s.forms.by = map[form]*cache{}
	}
	s.forms.by[f] = k
	return k
}

// size is what all captures of the screen weigh, in bytes.
func (s *screen) size() int {
	n := s.newest.Load().size()
	s.forms.mu.Lock()
	defer s.forms.mu.Unlock()
	for _, k := range s.forms.by {
		n += k.newest.Load().size()
	}
	return n
}

// shed drops all captures of the screen.
func (s *screen) shed() {
	s.newest.Store(nil)
	s.forms.mu.Lock()
	defer s.forms.mu.Unlock()
	s.forms.by = nil
}

// capture asks tmux for a form of a screen.
func (f form) capture(ctx context.Context, c controlmode.Client, t controlmode.Target) (shot, error) {
	if f.lines > 0 {
		text, err := f.captureLines(ctx, c, t)
		return shot{text: text}, err
	}
	o := controlmode.ScreenOptions{Escapes: f.escapes, Join: f.join, Pad: f.escapes && f.state}
	text, state, err := c.CaptureScreen(ctx, t, o)
	if !f.state {
		return shot{text: text}, err
	}
	return shot{text: text, hasState: true, state: state}, err
}

func (f form) captureLines(ctx context.Context, c controlmode.Client, t controlmode.Target) ([]byte, error) {
	lines := controlmode.Lines{Newest: f.lines, Escapes: f.escapes, Join: f.join}
	if f.trim || f.join { // of the lines of the screen as many may be no more
		lines.Newest, lines.First, lines.Last = 0, -f.lines, controlmode.ScreenEnd
	}
	var text []byte
	err := c.CaptureLines(ctx, t, lines, func(piece []byte) error {
		text = append(text, piece...)
		return nil
	})
	if f.trim {
		text = trimBlankLines(text)
	}
	return controlmode.LastLines(text, f.lines), err
}
