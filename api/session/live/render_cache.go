package live

import (
	"fmt"
	"strings"
	"sync"

	"interplexer/api/session"
	"interplexer/api/session/render"
)

// maxPictureCells bounds the screens that may be drawn. Drawing one takes up to 34 MB.
const maxPictureCells = 1 << 16

// renderSlots bounds how many pictures are drawn at a time.
var renderSlots = make(chan struct{}, 2)

// renderKey is the part of the options that decides how a capture is rendered.
type renderKey struct {
	format session.Format
	styles bool
	trim   bool
}

// renderCache holds the renderings of one capture. Each is made once, also if several
// callers ask for it at the same time.
type renderCache struct {
	mu   sync.Mutex // guards the fields below
	by   map[renderKey]func() (session.Snapshot, error)
	size int // bytes of all
}

// rendering returns the capture in another format than text.
func (c *capture) rendering(o session.CaptureOptions) (session.Snapshot, error) {
	key := renderKey{o.Format, o.Styles, o.Trim}
	r := &c.rendered
	r.mu.Lock()
	draw := r.by[key]
	if draw == nil {
		draw = sync.OnceValues(func() (session.Snapshot, error) { return c.render(key) })
		if r.by == nil {
			r.by = map[renderKey]func() (session.Snapshot, error){}
		}
		r.by[key] = draw
	}
	r.mu.Unlock()
	return draw()
}

func (c *capture) render(key renderKey) (session.Snapshot, error) {
	s := c.state
	if key.format.IsPicture() {
		if s.Width*s.Height > maxPictureCells {
			return session.Snapshot{}, session.Invalid("format", fmt.Sprintf("the pane has %d cells, and a picture %d at most", s.Width*s.Height, maxPictureCells))
		}
		renderSlots <- struct{}{}
		defer func() { <-renderSlots }()
	}
	body, err := c.document(key)
	if err != nil {
		return session.Snapshot{}, fmt.Errorf("live: render: %w", err)
	}
	c.rendered.mu.Lock()
	c.rendered.size += len(body)
	c.rendered.mu.Unlock()
	return session.NewSnapshot(body), nil
}

func (c *capture) document(key renderKey) ([]byte, error) {
	s := c.state
	screen := render.Parse(string(c.Text), s.Width, s.Height)
	screen.Cursor = render.Cursor{X: s.CursorX, Y: s.CursorY, Visible: !s.CursorHidden}
	switch key.format {
	case session.HTML:
		return screen.HTML(), nil
	case session.SVG:
		return screen.SVG(), nil
	case session.PNG:
		return screen.PNG()
	}
	text := c.Text
	if key.styles {
		text = render.Plain(text)
	}
	if key.trim {
		text = TrimBlankLines(text)
	}
	lines := strings.Split(string(text), "\n")
	state := render.State{Alternate: s.Alternate, Mode: s.Mode, HistorySize: s.HistorySize}
	return screen.JSON(state, lines[:len(lines)-1], key.styles)
}

// size is the memory that the renderings take, in bytes; a nil state has none.
func (s *captureState) size() int {
	if s == nil {
		return 0
	}
	s.rendered.mu.Lock()
	defer s.rendered.mu.Unlock()
	return s.rendered.size
}
