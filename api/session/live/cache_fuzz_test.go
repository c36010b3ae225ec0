package live

import (
	"context"
	"errors"
	"strconv"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// screenModel is a pane whose screen shows a number that only grows, the tmux that is
// asked for it, and those who look. A look must not return a screen that is older than
// the last change reported before it, nor older than ScreenMaxAge.
type screenModel struct {
	screen
	t        *testing.T
	land     chan landing  // lets the capture that runs end
	world    atomic.Uint64 // the number, doubled: every other change is not seen
	past     []moment      // when the world became what
	reported uint64        // the world when a change was last reported
	looks    []*look
	tags     map[string]string // etags by text
}

type moment struct {
	at    time.Time
	world uint64
}

type landing struct {
	late bool // tmux captures now, not when it was asked
	err  error
}

// look is one call of current.
type look struct {
	least uint64 // the world that must be seen, or a later one
	got   *capture
	err   error
	ended bool
}

var errRefused = errors.New("refused")

func newScreenModel(t *testing.T, live bool) *screenModel {
	m := &screenModel{t: t, land: make(chan landing), tags: map[string]string{}}
	m.past = []moment{{time.Now(), 0}}
	m.screen.live, m.screen.screens, m.screen.of = live, &Screens{now: time.Now}, &m.screen
	m.screen.ask = func(ctx context.Context, _ variant) (rawCapture, error) {
		seen := m.world.Load()
		select {
		case l := <-m.land:
			if l.late {
				seen = m.world.Load()
			}
			return rawCapture{text: strconv.AppendUint(nil, seen/2, 10)}, l.err
		case <-ctx.Done():
			return rawCapture{}, ctx.Err()
		}
	}
	return m
}

func (m *screenModel) happen() {
	m.past = append(m.past, moment{time.Now(), m.world.Add(1)})
}

func (m *screenModel) report() {
	m.reported = m.world.Load()
	m.screen.changed()
}

// togglePaused pauses the pane, or resumes it, which counts as a change.
func (m *screenModel) togglePaused() {
	if m.screen.paused.CompareAndSwap(false, true) {
		return
	}
	m.screen.paused.Store(false)
	m.report()
}

// ago is the world as it was.
func (m *screenModel) ago(d time.Duration) (world uint64) {
	for _, p := range m.past {
		if !p.at.After(time.Now().Add(-d)) {
			world = p.world
		}
	}
	return world
}

// least is the oldest world that a look may return now.
func (m *screenModel) least() uint64 {
	switch {
	case !m.screen.live:
		return m.world.Load()
	case m.screen.paused.Load():
		return m.ago(pausedMaxAge)
	case m.screen.call.Busy(): // it may be shared, however long it takes
		return m.reported
	}
	return max(m.reported, m.ago(ScreenMaxAge))
}

func (m *screenModel) look(ctx context.Context) {
	l := &look{least: m.least()}
	m.looks = append(m.looks, l)
	go func() {
		l.got, l.err = m.screen.current(ctx)
		l.ended = true
	}()
	synctest.Wait()
}

// answer lets tmux answer, if it was asked.
func (m *screenModel) answer(l landing) {
	select {
	case m.land <- l:
		synctest.Wait()
	default:
	}
}

// check checks the results of all looks.
func (m *screenModel) check() {
	for _, l := range m.looks {
		require.True(m.t, l.ended)
		if l.err != nil {
			require.True(m.t, errors.Is(l.err, errRefused) || errors.Is(l.err, context.Canceled) || errors.Is(l.err, context.DeadlineExceeded), "%v", l.err)
			continue
		}
		text := string(l.got.Text)
		seen, err := strconv.ParseUint(text, 10, 64)
		require.NoError(m.t, err)
		require.GreaterOrEqual(m.t, seen, l.least/2, "an old screen was shown")
		require.LessOrEqual(m.t, seen, m.world.Load()/2)
		if tag, ok := m.tags[text]; ok {
			require.Equal(m.t, tag, l.got.ETag)
		}
		m.tags[text] = l.got.ETag
	}
	names := map[string]bool{}
	for _, tag := range m.tags {
		names[tag] = true
	}
	require.Len(m.t, names, len(m.tags), "another text has another name")
}

// FuzzScreen changes a screen, reports changes, looks at the screen and captures it, in
// any order and with any time in between.
func FuzzScreen(f *testing.F) {
	f.Add(true, []byte("242012224"))
	f.Add(true, []byte("\x02\x00\x01\x02\x03\x02\x03\x02\x25\x00\x02\x03\x75\x02\x03"))
	f.Add(true, []byte("\x06\x02\x03\x00\x02\x15\x02\x03\x06\x02\x04\x07"))
	f.Add(false, []byte("\x02\x00\x02\x02\x00\x03\x0b\x03"))
	f.Fuzz(func(t *testing.T, live bool, operations []byte) {
		if len(operations) > 200 {
			return
		}
		synctest.Test(t, func(t *testing.T) {
			m := newScreenModel(t, live)
			leaving, leave := context.WithCancel(t.Context())
			defer leave()
			for _, o := range operations {
				n := o >> 3
				switch o & 7 {
				case 0:
					m.happen()
				case 1:
					m.report()
				case 2:
					m.look(t.Context())
				case 3:
					m.answer(landing{late: n&1 == 1})
				case 4:
					m.answer(landing{err: errRefused})
				case 5:
					<-time.After(time.Duration(n) * time.Duration(n) * 2 * time.Millisecond) // two seconds at most
					synctest.Wait()
				case 6:
					m.togglePaused()
				case 7:
					m.look(leaving)
					if n == 31 {
						leave()
						synctest.Wait()
					}
				}
			}
			for range 2 * len(operations) { // each starts one more at most
				m.answer(landing{})
			}
			m.check()
		})
	})
}
