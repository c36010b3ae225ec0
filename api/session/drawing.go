package session

import (
	"fmt"
	"strings"
	"sync"

	"interplexer/api/session/render"
	"interplexer/controlmode"
)

// maxCells bounds the screens of which there are pictures: one takes up to 34 MB
// while it is drawn.
const maxCells = 1 << 16

// easel has room for so many pictures to be drawn at a time.
var easel = make(chan struct{}, 2)

// shot is what tmux answered to one capture.
type shot struct {
	text     []byte
	hasState bool // as its form wants
	state    controlmode.PaneState
}

// sameState reports whether a shot of the same form has the state that the capture
// has.
func (c *capture) sameState(s shot) bool {
	return !s.hasState || c.stated != nil && c.state == s.state
}

// drawing is how a capture with a state is shown.
type drawing struct {
	format Format
	styles bool
	trim   bool
}

// drawings are what was made of one capture, each once, however many want it.
type drawings struct {
	mu sync.Mutex // guards what follows
	by map[drawing]func() (Snapshot, error)
	n  int // bytes of all
}

// drawn is the capture as the options want it.
func (c *capture) drawn(o CaptureOptions) (Snapshot, error) {
	what := drawing{o.Format, o.Styles, o.Trim}
	d := &c.drawings
	d.mu.Lock()
	draw := d.by[what]
	if draw == nil {
		draw = sync.OnceValues(func() (Snapshot, error) { return c.draw(what) })
		if d.by == nil {
			d.by = map[drawing]func() (Snapshot, error){}
		}
		d.by[what] = draw
	}
	d.mu.Unlock()
	return draw()
}

func (c *capture) draw(what drawing) (Snapshot, error) {
	s := c.state
	if what.format.picture() {
		if s.Width*s.Height > maxCells {
			return Snapshot{}, invalid("format", fmt.Sprintf("the pane has %d cells, and a picture %d at most", s.Width*s.Height, maxCells))
		}
		easel <- struct{}{}
		defer func() { <-easel }()
	}
	body, err := c.body(what)
	if err != nil {
		return Snapshot{}, fmt.Errorf("session: draw: %w", err)
	}
	c.drawings.mu.Lock()
	c.drawings.n += len(body)
	c.drawings.mu.Unlock()
	return newSnapshot(body), nil
}

func (c *capture) body(what drawing) ([]byte, error) {
	s := c.state
	screen := render.Parse(string(c.Text), s.Width, s.Height)
	screen.Cursor = render.Cursor{X: s.CursorX, Y: s.CursorY, Visible: !s.CursorHidden}
	switch what.format {
	case HTML:
		return screen.HTML(), nil
	case SVG:
		return screen.SVG(), nil
	case PNG:
		return screen.PNG()
	}
	text := c.Text
	if what.styles {
		text = render.Plain(text)
	}
	if what.trim {
		text = trimBlankLines(text)
	}
	lines := strings.Split(string(text), "\n")
	state := render.State{Alternate: s.Alternate, Mode: s.Mode, HistorySize: s.HistorySize}
	return screen.JSON(state, lines[:len(lines)-1], what.styles)
}

// size is what the drawings weigh in the cache, in bytes; a nil one's nothing.
func (s *stated) size() int {
	if s == nil {
		return 0
	}
	s.drawings.mu.Lock()
	defer s.drawings.mu.Unlock()
	return s.drawings.n
}
