package live

import (
	"context"
	"sync"
	"sync/atomic"

	"interplexer/controlmode"
)

// maxVariants bounds the cached variants of one screen, since callers choose them.
const maxVariants = 16

// screen is one pane's screen. It embeds the cache of its plain text, and has the caches of
// its other variants.
type screen struct {
	cache
	screens *Screens
	owner   *watched
	live    bool                                               // changes are counted in version
	ask     func(context.Context, variant) (rawCapture, error) // tmux

	version atomic.Uint64 // changes so far
	paused  atomic.Bool   // tmux delivers no output, so version does not count its changes
	output  output
	flow    flow

	repaints repaints

	mu       sync.Mutex // guards the fields below
	variants map[variant]*cache
}

// newScreen makes a screen. Its captures go through the Server's connection: on the hub's
// they would wait behind the output.
func newScreen(w *watched, target controlmode.Target, live bool) *screen {
	s := &screen{screens: w.screens, owner: w, live: live}
	s.cache.of = s
	s.ask = func(ctx context.Context, v variant) (rawCapture, error) {
		got, err := v.capture(ctx, w.ref.Client(w.screens.tmux), target)
		if err != nil {
			return rawCapture{}, w.screens.explain(ctx, w.ref, err)
		}
		return got, nil
	}
	s.repaints.making = make(chan struct{}, 1)
	return s
}

// changed counts a change.
func (s *screen) changed() { s.version.Add(1) }

// changedAndWake counts a change and asks the session's follower to look.
func (s *screen) changedAndWake() {
	s.changed()
	s.owner.wake()
}

// currentVersion returns the version. ok is false while changes are not counted.
func (s *screen) currentVersion() (version uint64, ok bool) {
	return s.version.Load(), s.live && !s.paused.Load()
}

// cacheOf returns the cache of one variant of the screen.
func (s *screen) cacheOf(v variant) *cache {
	if v == (variant{}) {
		return &s.cache
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.variants[v]; c != nil {
		return c
	}
	c := &cache{of: s, variant: v}
	for other := range s.variants {
		if len(s.variants) < maxVariants {
			break
		}
		delete(s.variants, other) // the next caller who asks for it makes it again
	}
	if s.variants == nil {
		s.variants = map[variant]*cache{}
	}
	s.variants[v] = c
	return c
}

// size is the memory that all captures of the screen take, in bytes.
func (s *screen) size() int {
	n := s.newest.Load().size()
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.variants {
		n += c.newest.Load().size()
	}
	return n
}

// evict drops all captures of the screen.
func (s *screen) evict() {
	s.newest.Store(nil)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.variants = nil
}
