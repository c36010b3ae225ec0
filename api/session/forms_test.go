package session

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"interplexer/controlmode"
)

// newFormed is a live screen whose forms show what they are.
func newFormed(captures *atomic.Int64) *screen {
	s := &screen{live: true, counts: new(counts)}
	s.cache.of = s
	s.capture = func(context.Context) (shot, error) { return shot{text: []byte("plain\n")}, nil }
	s.forms.capture = func(_ context.Context, f form) (shot, error) {
		captures.Add(1)
		state := controlmode.PaneState{Width: 80, Height: 24}
		return shot{text: fmt.Appendf(nil, "%+v\n", f), hasState: f.state, state: state}, nil
	}
	return s
}

func TestFormsOfAScreen(t *testing.T) {
	var captures atomic.Int64
	s := newFormed(&captures)
	look := func(f form) *capture {
		c, err := s.form(f).current(t.Context())
		require.NoError(t, err)
		return c
	}
	require.Equal(t, "plain\n", string(look(form{}).Text))
	ansi := look(form{escapes: true})
	require.Same(t, ansi, look(form{escapes: true}))
	require.NotEqual(t, string(ansi.Text), string(look(form{join: true}).Text))
	require.EqualValues(t, 2, captures.Load())
	s.changed()
	again := look(form{escapes: true})
	require.NotSame(t, ansi, again, "it is captured anew")
	require.Equal(t, ansi.ETag, again.ETag, "and is the same")
	require.EqualValues(t, 3, captures.Load())

	for i := range 3 * maxForms {
		look(form{lines: i + 1})
	}
	require.Len(t, s.forms.by, maxForms)
	require.Greater(t, s.size(), len("plain\n")+maxForms*len(ansi.Text)/2)
	s.shed()
	require.Zero(t, s.size())
}

// Many who want the same picture have it drawn once, and it weighs in the cache.
func TestDrawings(t *testing.T) {
	t.Parallel()
	var captures atomic.Int64
	s := newFormed(&captures)
	o := CaptureOptions{Format: PNG}
	first, err := s.form(o.form()).current(t.Context())
	require.NoError(t, err)
	bare := s.size()
	pictures := make([]Snapshot, 8)
	var all errgroup.Group
	for i := range pictures {
		all.Go(func() (err error) {
			pictures[i], err = first.shown(o)
			return err
		})
	}
	require.NoError(t, all.Wait())
	for _, p := range pictures {
		require.Same(t, &pictures[0].Text[0], &p.Text[0])
	}
	require.Equal(t, bare+len(pictures[0].Text), s.size())
	s.changed()
	second, err := s.form(o.form()).current(t.Context())
	require.NoError(t, err)
	same, err := second.shown(o)
	require.NoError(t, err)
	require.Same(t, &pictures[0].Text[0], &same.Text[0], "nothing is drawn anew while nothing is another")
	page, err := second.shown(CaptureOptions{Format: HTML})
	require.NoError(t, err)
	require.NotEqual(t, same.ETag, page.ETag)
}
