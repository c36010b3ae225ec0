package live

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/api/session"
	"interplexer/controlmode"
)

// newVariedScreen is a live screen. The text of each of its variants is the name of the
// variant.
func newVariedScreen(captures *atomic.Int64) *screen {
	s := &screen{live: true, screens: &Screens{now: time.Now}}
	s.cache.of = s
	s.ask = func(_ context.Context, v variant) (rawCapture, error) {
		if v == (variant{}) {
			return rawCapture{text: []byte("plain\n")}, nil
		}
		captures.Add(1)
		state := controlmode.PaneState{Width: 80, Height: 24}
		return rawCapture{text: fmt.Appendf(nil, "%+v\n", v), hasState: v.state, state: state}, nil
	}
	return s
}

func TestVariantsOfAScreen(t *testing.T) {
	t.Parallel()
	var captures atomic.Int64
	s := newVariedScreen(&captures)
	look := func(v variant) *capture {
		c, err := s.cacheOf(v).current(t.Context())
		require.NoError(t, err)
		return c
	}
	require.Equal(t, "plain\n", string(look(variant{}).Text))
	ansi := look(variant{escapes: true})
	require.Same(t, ansi, look(variant{escapes: true}))
	require.NotEqual(t, string(ansi.Text), string(look(variant{join: true}).Text))
	require.EqualValues(t, 2, captures.Load())
	s.changed()
	again := look(variant{escapes: true})
	require.NotSame(t, ansi, again, "it is captured again")
	require.Equal(t, ansi.ETag, again.ETag, "and is the same")
	require.EqualValues(t, 3, captures.Load())

	for i := range 3 * maxVariants {
		look(variant{lines: i + 1})
	}
	require.Len(t, s.variants, maxVariants)
	require.Greater(t, s.size(), len("plain\n")+maxVariants*len(ansi.Text)/2)
	s.evict()
	require.Zero(t, s.size())
}

// A picture that many want at the same time is drawn once, and counts in the size of
// the cache.
func TestRenderings(t *testing.T) {
	t.Parallel()
	var captures atomic.Int64
	s := newVariedScreen(&captures)
	o := session.CaptureOptions{Format: session.PNG}
	first, err := s.cacheOf(variantOf(o)).current(t.Context())
	require.NoError(t, err)
	bare := s.size()
	pictures := make([]session.Snapshot, 8)
	var all errgroup.Group
	for i := range pictures {
		all.Go(func() (err error) {
			pictures[i], err = first.snapshot(o)
			return err
		})
	}
	require.NoError(t, all.Wait())
	for _, p := range pictures {
		require.Same(t, &pictures[0].Text[0], &p.Text[0])
	}
	require.Equal(t, bare+len(pictures[0].Text), s.size())
	s.changed()
	second, err := s.cacheOf(variantOf(o)).current(t.Context())
	require.NoError(t, err)
	same, err := second.snapshot(o)
	require.NoError(t, err)
	require.Same(t, &pictures[0].Text[0], &same.Text[0], "an unchanged screen is not drawn again")
	page, err := second.snapshot(session.CaptureOptions{Format: session.HTML})
	require.NoError(t, err)
	require.NotEqual(t, same.ETag, page.ETag)
}
