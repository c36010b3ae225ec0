package api

import (
	"flag"
	"fmt"
	"io"
	"net/http"
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

	"interplexer/controlmode/controltest"
	"interplexer/db"
	"interplexer/db/dbtest"
)

var checkFor = flag.Duration("check", 3*time.Second, "how long the screens of TestScreensAreTrue change")

const (
	checkedSessions = 20
	pollTime        = 3 * time.Millisecond // many times a second, and not all there is
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

// shownFrame is what a screen shows.
type shownFrame struct {
	number int
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

// checker holds every screen of one session against what could have been.
type checker struct {
	t       *testing.T
	at      string       // the session's path
	file    string       // where the program tells of its frames
	newest  atomic.Int64 // number of the newest frame that anybody was shown
	polls   *atomic.Int64
	refused *atomic.Int64
	done    atomic.Int32 // pollers that have seen the last frame

	mu    sync.Mutex        // guards what follows, by the number of a frame
	asked map[int]time.Time // when the last request began that was shown it
	got   map[int]time.Time // when it was last shown
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
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.asked[f.number].Before(began) {
		k.asked[f.number] = began
	}
	k.got[f.number] = time.Now()
	return f.last
}

// age is how long tmux had held the next frame, at most, when something was
// shown: for certain, as its program had been told so, and perhaps, as it had
// been drawn.
type age struct{ certain, perhaps time.Duration }

// ages gives the worst of requests, as of their beginning, and of answers.
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

// poll asks again and again, with the ETag of before, until the last frame.
func (k *checker) poll(c *client, query string) {
	etag, text := "", ""
	for {
		began, shown := time.Now(), k.newest.Load()
		r, err := http.NewRequest("GET", c.url+k.at+"/capture-pane"+query, nil)
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
		case response.StatusCode == 503:
			k.refused.Add(1)
		case response.StatusCode == 200:
			etag, text = response.Header.Get("ETag"), string(body)
		case response.StatusCode != 304: // it is as it was
			k.t.Errorf("status %d: %s", response.StatusCode, body)
			return
		}
		if response.StatusCode != 503 && k.look(began, shown, text) {
			k.done.Add(1)
			return
		}
		if query == "" {
			time.Sleep(pollTime) // a client's pace: nothing is waited for
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
	var group sync.WaitGroup
	var all []*checker
	folder := t.TempDir()
	frames, begin := filepath.Join(folder, "frames"), filepath.Join(folder, "begin")
	// Without the race detector, with which twenty of them take the whole machine.
	out, err := exec.CommandContext(t.Context(), "go", "build", "-race=false", "-buildvcs=false", "-o", frames, "./testdata/frames").CombinedOutput()
	require.NoErrorf(t, err, "go build: %s", out)
	require.NoError(t, syscall.Mkfifo(begin, 0o600))
	for i := range checkedSessions {
		file := filepath.Join(folder, strconv.Itoa(i))
		all = append(all, &checker{
			t: t, file: file, polls: &polls, refused: &refused, asked: map[int]time.Time{}, got: map[int]time.Time{},
			at: alice.create(fmt.Sprintf(`{"command":[%q,"%s",%q,%q]}`, frames, *checkFor, begin, file)),
		})
	}
	fifo, err := os.OpenFile(begin, os.O_RDWR, 0) // for writing alone, it would wait for a reader
	require.NoError(t, err)
	defer fifo.Close()
	for _, k := range all {
		for _, query := range []string{"", "", "?wait=5"} {
			group.Go(func() { k.poll(alice, query) })
		}
	}
	stop := make(chan struct{})
	if kill != nil {
		group.Go(func() { kill(s, stop) })
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
	t.Logf("%d screens checked, %d polls refused; at worst tmux had held a newer one for %s as a request began, and for %s as an answer was read",
		polls.Load(), refused.Load(), asked, got)
	if kill == nil {
		require.Zero(t, refused.Load())
		require.Less(t, asked.certain, 200*time.Millisecond, "50 ms, and what others do to this machine")
	}
	require.Less(t, got.perhaps, time.Second)
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
