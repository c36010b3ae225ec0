package live_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/api/session/registry"
	"interplexer/api/session/sessiontest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var checkFor = flag.Duration("check", 3*time.Second, "how long the screens of TestTimedScreensAreTrue change")

const (
	checkedSessions = 20
	pollTime        = 3 * time.Millisecond // many times a second, and not as often as possible
)

// drawnFrame holds the times between which tmux received a frame.
type drawnFrame struct{ drawn, held time.Time }

// drawnFrames reads the file that the program (testdata/frames) wrote.
func drawnFrames(t *testing.T, file string) (frames []drawnFrame) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	for line := range strings.Lines(string(text)) {
		var drawn, held int64
		_, err := fmt.Sscanln(line, &drawn, &held)
		require.NoErrorf(t, err, "%q", line)
		frames = append(frames, drawnFrame{time.Unix(0, drawn), time.Unix(0, held)})
	}
	return frames
}

// shownFrame is the frame that a screen shows.
type shownFrame struct {
	number int
	last   bool
}

// readFrame reads a screen. tmux takes the output of a program in pieces, so the lines
// below may be of the frame before; anything else is torn.
func readFrame(text string) (f shownFrame, ok bool) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 24 {
		return f, false
	}
	before := 0
	for i, line := range lines {
		words := strings.Fields(line)
		if len(words) < 2 || words[1] != fmt.Sprintf("%02d", i) {
			return f, false
		}
		n, err := strconv.Atoi(words[0])
		switch {
		case err != nil:
			return f, false
		case i == 0:
			f, before = shownFrame{number: n}, n
		case n > before || n < f.number-1:
			return f, false
		}
		before = n
		f.last = len(words) == 3
	}
	return f, true
}

// checker compares every screen of one session that a caller gets with the frames
// that its program has drawn.
type checker struct {
	service
	id      int64
	file    string       // where the program writes the times of its frames
	newest  atomic.Int64 // number of the newest frame that any caller was shown
	polls   *atomic.Int64
	refused *atomic.Int64
	done    atomic.Int32 // pollers that have seen the last frame

	mu    sync.Mutex        // guards what follows, by the number of a frame
	asked map[int]time.Time // when the last call began that returned it
	got   map[int]time.Time // when it was last returned
}

// check checks the result of a call that began when a caller had already been shown
// the frame of that number. It reports whether it was the last frame.
func (k *checker) check(began time.Time, shown int64, text string) bool {
	f, ok := readFrame(text)
	if !ok {
		if shown > 0 {
			k.t.Errorf("torn: %q", text)
		}
		return false // nothing is drawn yet
	}
	if int64(f.number) < shown {
		k.t.Errorf("frame %d after %d was shown", f.number, shown)
	}
	for {
		newest := k.newest.Load()
		if newest >= int64(f.number) || k.newest.CompareAndSwap(newest, int64(f.number)) {
			break
		}
	}
	k.polls.Add(1)
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked[f.number].Before(began) {
		k.asked[f.number] = began
	}
	k.got[f.number] = time.Now()
	return f.last
}

// age is how long tmux had held the next frame, at most, when a screen was shown:
// certainly, since its program had the answer, and perhaps, since the program had
// drawn it.
type age struct{ certain, perhaps time.Duration }

// ages adds the worst ages when calls began, and when they returned.
func (k *checker) ages(asked, got *age) {
	frames := drawnFrames(k.t, k.file)
	k.mu.Lock()
	defer k.mu.Unlock()
	for i, next := range frames[1:] { // frame i+1 was the newest until then
		asked.note(k.asked[i+1], next)
		got.note(k.got[i+1], next)
	}
}

func (a *age) note(at time.Time, next drawnFrame) {
	a.certain = max(a.certain, at.Sub(next.held))
	a.perhaps = max(a.perhaps, at.Sub(next.drawn))
}

func (a age) String() string {
	return fmt.Sprintf("%.1f to %.1f ms", a.certain.Seconds()*1000, a.perhaps.Seconds()*1000)
}

// poll asks for the screen again and again, until the last frame.
func (k *checker) poll() {
	k.repeat(func(session.Snapshot) (session.Snapshot, error) {
		time.Sleep(pollTime) // a client's pace: nothing is waited for
		return k.Screen(k.t.Context(), k.alice, k.id, session.CaptureOptions{})
	})
}

// longPoll waits for each next screen, five seconds at most, until the last frame.
func (k *checker) longPoll() {
	k.repeat(func(last session.Snapshot) (session.Snapshot, error) {
		ctx, cancel := context.WithTimeout(k.t.Context(), 5*time.Second)
		defer cancel()
		v, err := k.View(ctx, k.alice, k.id, "")
		if err != nil {
			return last, err
		}
		defer v.Close()
		next, err := v.Next(ctx, session.CaptureOptions{}, func(etag string) bool { return etag == last.ETag })
		if errors.Is(err, context.DeadlineExceeded) {
			return last, nil
		}
		return next, err
	})
}

// repeat calls look with the screen before, and checks its result, until the last
// frame.
func (k *checker) repeat(look func(last session.Snapshot) (session.Snapshot, error)) {
	var last session.Snapshot
	for {
		began, shown := time.Now(), k.newest.Load()
		screen, err := look(last)
		switch {
		case err != nil && session.IsTransient(err):
			k.refused.Add(1)
			continue
		case err != nil:
			k.t.Error(err)
			return
		}
		last = screen
		if k.check(began, shown, string(screen.Text)) {
			k.done.Add(1)
			return
		}
	}
}

// Every screen that a caller gets is one that tmux had, and none is old. The store
// has no part in it, but for the reconciliation when the connections were killed.
func TestTimedScreensAreTrue(t *testing.T) {
	t.Run("untouched", func(t *testing.T) {
		checkScreens(t, dbtest.Open(t, db.SQLite), nil)
	})
	t.Run("hub killed", func(t *testing.T) {
		checkScreens(t, dbtest.Open(t, db.SQLite), func(int) bool { return sessiontest.Hub })
	})
	t.Run("connections killed", func(t *testing.T) {
		dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
			checkScreens(t, open(), func(n int) bool { return n%2 == 0 })
		})
	})
}

// checkScreens has three callers poll each of many sessions whose screens change. kill
// says which control client is killed for the nth time; nil: none is.
func checkScreens(t *testing.T, store *db.Store, kill func(n int) bool) {
	s := startOn(t, store, registry.Options{})
	all, begin := s.startFrames()
	var group sync.WaitGroup
	for _, k := range all {
		group.Go(k.poll)
		group.Go(k.poll)
		group.Go(k.longPoll)
	}
	begin()
	stop := make(chan struct{})
	if kill != nil {
		group.Go(func() { s.killUntil(stop, kill) })
	}
	for _, k := range all {
		require.Eventually(t, func() bool { return t.Failed() || k.done.Load() == 3 }, *checkFor+60*time.Second, 10*time.Millisecond, "the last frame is seen")
		require.Eventually(t, func() bool {
			_, err := os.Stat(k.file)
			return t.Failed() || err == nil
		}, 30*time.Second, 10*time.Millisecond, "the program has written its file")
	}
	close(stop)
	group.Wait()
	require.False(t, t.Failed())
	var asked, got age
	for _, k := range all {
		k.ages(&asked, &got)
	}
	refused := all[0].refused.Load()
	t.Logf("%d screens checked, %d calls refused; at worst tmux had held a newer one for %s as a call began, and for %s as it returned",
		all[0].polls.Load(), refused, asked, got)
	if kill == nil {
		require.Zero(t, refused)
		require.Less(t, asked.certain, 200*time.Millisecond, "50 ms, and what others do to this machine")
	}
	require.Less(t, got.perhaps, time.Second)
}

// startFrames starts the sessions. Their programs begin to draw when begin is called.
func (s service) startFrames() (all []*checker, begin func()) {
	s.t.Helper()
	folder := s.t.TempDir()
	program, fifo := filepath.Join(folder, "frames"), filepath.Join(folder, "begin")
	// Without the race detector, with which twenty of them take the whole machine.
	out, err := exec.CommandContext(s.t.Context(), "go", "build", "-race=false", "-buildvcs=false", "-o", program, "./testdata/frames").CombinedOutput()
	require.NoErrorf(s.t, err, "go build: %s", out)
	require.NoError(s.t, syscall.Mkfifo(fifo, 0o600))
	polls, refused := new(atomic.Int64), new(atomic.Int64)
	for i := range checkedSessions {
		file := filepath.Join(folder, strconv.Itoa(i))
		all = append(all, &checker{
			service: s, file: file, polls: polls, refused: refused, asked: map[int]time.Time{}, got: map[int]time.Time{},
			id: s.StartProgram(s.alice, program, checkFor.String(), fifo, file),
		})
	}
	return all, func() {
		s.t.Helper()
		opened, err := os.OpenFile(fifo, os.O_RDWR, 0) // for writing alone, it would wait for a reader
		require.NoError(s.t, err)
		s.t.Cleanup(func() { _ = opened.Close() })
	}
}

// killUntil kills a control client every five seconds, and at least three times.
func (s service) killUntil(stop <-chan struct{}, which func(n int) bool) {
	every := time.NewTicker(min(5*time.Second, *checkFor/4))
	defer every.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-every.C:
			s.KillClient(which(n))
		}
	}
}
