package api

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var checkFor = flag.Duration("check", 3*time.Second, "how long the screens of TestScreensAreTrue change")

const (
	checkedSessions = 20
	frameTime       = 20 * time.Millisecond
)

// drawFrames is the program of a checked session: whole screens that tell their
// number and when they were drawn, for a time, and then the last for ever.
func drawFrames(duration string) {
	d, err := time.ParseDuration(duration)
	if err != nil {
		os.Exit(2)
	}
	ticker := time.NewTicker(frameTime)
	for n := 1; n <= int(d/frameTime); n++ {
		drawFrame(n, "")
		<-ticker.C
	}
	drawFrame(int(d/frameTime)+1, "last")
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func drawFrame(n int, mark string) {
	var b bytes.Buffer
	now := time.Now().UnixNano()
	for line := range 24 {
		fmt.Fprintf(&b, "\x1b[%d;1H%08d %019d %02d %s", line+1, n, now, line, mark)
	}
	os.Stdout.Write(b.Bytes())
}

// shownFrame is what a screen shows.
type shownFrame struct {
	number int
	drawn  time.Time
	last   bool
}

// readFrame reads a screen. tmux takes what a program writes in pieces, so the
// lines below may be of the frame before; anything else is torn.
func readFrame(text string) (f shownFrame, ok bool) {
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) != 24 {
		return f, false
	}
	before := 0
	for i, line := range lines {
		words := strings.Fields(line)
		if len(words) < 3 || words[2] != fmt.Sprintf("%02d", i) {
			return f, false
		}
		n, err := strconv.Atoi(words[0])
		at, timeErr := strconv.ParseInt(words[1], 10, 64)
		switch {
		case err != nil || timeErr != nil:
			return f, false
		case i == 0:
			f, before = shownFrame{number: n, drawn: time.Unix(0, at)}, n
		case n > before || n < f.number-1:
			return f, false
		}
		before = n
		f.last = len(words) == 4
	}
	return f, true
}

// checker holds every screen of one session against what could have been.
type checker struct {
	t       *testing.T
	newest  atomic.Int64 // number of the newest frame that anybody was shown
	worst   *worst
	polls   *atomic.Int64
	refused *atomic.Int64
	done    atomic.Int32 // pollers that have seen the last frame
}

// look checks one answer to a request that began at a time when somebody had
// been shown the frame of that number. It reports whether it was the last.
func (k *checker) look(began time.Time, shown int64, text string) bool {
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
	if f.last {
		return true
	}
	// The next frame was drawn a frame's time later, and tmux had it a little
	// after that.
	k.worst.note(began.Sub(f.drawn) - frameTime)
	return false
}

// worst is how old a screen was at most: while the programs were started, when
// tmux itself falls behind, and since then.
type worst struct {
	mu           sync.Mutex // guards what follows
	started      bool
	before, then time.Duration
}

func (w *worst) note(age time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.started {
		w.then = max(w.then, age)
	} else {
		w.before = max(w.before, age)
	}
}

func (w *worst) allStarted() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.started = true
}

// poll asks again and again, with the ETag of before, until the last frame.
func (k *checker) poll(c *client, at, query string) {
	etag := ""
	for {
		began, shown := time.Now(), k.newest.Load()
		r, err := http.NewRequest("GET", c.url+at+"/capture-pane"+query, nil)
		if err != nil {
			k.t.Error(err)
			return
		}
		r.Header.Set("Authorization", "Bearer "+c.token)
		if etag != "" {
			r.Header.Set("If-None-Match", etag)
		}
		response, err := http.DefaultClient.Do(r)
		if err != nil {
			k.t.Error(err)
			return
		}
		body, err := io.ReadAll(response.Body)
		response.Body.Close()
		switch {
		case err != nil:
			k.t.Error(err)
			return
		case response.StatusCode == 200:
			etag = response.Header.Get("ETag")
			// A held request is as of its answer, not of its beginning.
			if query != "" {
				began = time.Now()
			}
			if k.look(began, shown, string(body)) {
				k.done.Add(1)
				return
			}
		case response.StatusCode == 503:
			k.refused.Add(1)
		case response.StatusCode != 304:
			k.t.Errorf("status %d: %s", response.StatusCode, body)
			return
		}
		if query == "" {
			time.Sleep(3 * time.Millisecond) // many times a second, and not all there is
		}
	}
}

// Every screen that anybody is shown is one that tmux had, and none is old.
func TestScreensAreTrue(t *testing.T) {
	for name, kill := range map[string]func(service, <-chan struct{}){
		"untouched":          nil,
		"hub killed":         service.killHub,
		"connections killed": service.killInTurn,
	} {
		t.Run(name, func(t *testing.T) {
			dbtest.Stores(t, func(t *testing.T, open func() *db.Store) { checkScreens(t, open(), kill) })
		})
	}
}

func checkScreens(t *testing.T, store *db.Store, kill func(service, <-chan struct{})) {
	s := startServiceHeld(t, store, 0)
	alice := s.user("alice", false)
	var polls, refused atomic.Int64
	var worst worst
	var group sync.WaitGroup
	var all []*checker
	program := fmt.Sprintf(`{"command":[%q,"draw-frames","%s"]}`, os.Args[0], *checkFor)
	for range checkedSessions {
		at := alice.create(program)
		k := &checker{t: t, worst: &worst, polls: &polls, refused: &refused}
		all = append(all, k)
		for _, query := range []string{"", "", "?wait=5"} {
			group.Go(func() { k.poll(alice, at, query) })
		}
	}
	for _, k := range all {
		require.Eventually(t, func() bool { return t.Failed() || k.newest.Load() >= 10 }, 30*time.Second, 10*time.Millisecond)
	}
	worst.allStarted()
	stop := make(chan struct{})
	if kill != nil {
		group.Go(func() { kill(s, stop) })
	}
	for _, k := range all {
		require.Eventually(t, func() bool { return t.Failed() || k.done.Load() == 3 }, *checkFor+30*time.Second, 10*time.Millisecond, "the last frame is seen")
	}
	close(stop)
	group.Wait()
	t.Logf("%d screens checked, %d polls refused, the worst was %s old, and %s while the programs were started",
		polls.Load(), refused.Load(), worst.then, worst.before)
	if kill == nil {
		require.Zero(t, refused.Load())
	}
	require.Less(t, max(worst.then, worst.before), time.Second, "on a machine that does nothing else it is under 50 ms once they are")
}

// killHub kills the hub's connection, again and again.
func (s service) killHub(stop <-chan struct{}) {
	s.whileChecked(stop, func(int) { s.killClient(true) })
}

// killInTurn kills the hub's and the commands' connection, one after another.
func (s service) killInTurn(stop <-chan struct{}) {
	s.whileChecked(stop, func(n int) { s.killClient(n%2 == 0) })
}

// whileChecked does something every five seconds, and at least three times.
func (s service) whileChecked(stop <-chan struct{}, do func(n int)) {
	every := time.NewTicker(min(5*time.Second, *checkFor/4))
	defer every.Stop()
	for n := 0; ; n++ {
		select {
		case <-stop:
			return
		case <-every.C:
			do(n)
		}
	}
}

// killClient kills one control client, unless there is none just now.
func (s service) killClient(hub bool) {
	for line := range strings.Lines(controltest.Tmux(s.t, s.socket, "list-clients", "-F", "#{client_pid} #{client_flags}")) {
		pid, flags, _ := strings.Cut(strings.TrimSpace(line), " ")
		if strings.Contains(flags, "no-output") != hub {
			s.kill(pid)
		}
	}
}
