package api

import (
	"net/http"
	"runtime"

	"github.com/gin-gonic/gin"
)

// This file holds the code that is only there for speed, with the figures that
// were measured when it was written. Tuning that cannot be moved here:
// entityTags.match (request.go) parses the header where it stands; metrics.route
// keeps a route's series, so that a request does not look them up by label;
// HTTPServer sets ReadHeaderTimeout equal to ReadTimeout, which is one deadline
// less to set for each request. Package deadline makes deadlines cheap, and tuneGC in
// cmd/interplexer makes the collector run less often.

// requestStateOf finds the request's state under gin's writer, where Handler put
// it. Together with bounded routes, which set no deadline, and the metrics'
// series, avoiding gin's map of keys made a cached poll a third cheaper, apart
// from net/http's share (commit f7cc3f6).
func requestStateOf(c *gin.Context) *requestState {
	return c.Writer.(interface{ Unwrap() http.ResponseWriter }).Unwrap().(*requestState)
}

// headerSlots hold the values of the headers that differ between responses. A
// header map needs a slice for each value; these slices point into the request's
// state and save one allocation each. Without them a poll takes 1.06 times the
// processor time (17.6 µs instead of 16.6, medians of 9 runs by turns).
type headerSlots [3]string

// The places in headerSlots.
const (
	requestIDSlot = iota
	etagSlot
	lengthSlot
)

// setHeader is Header().Set without its allocation. The name must be canonical.
func (x *requestState) setHeader(name string, slot int, value string) {
	x.slots[slot] = value
	x.Header()[name] = x.slots[slot : slot+1 : slot+1]
}

// Header values that all responses share, which saves an allocation each: a
// header map keeps the slice, and nobody writes to it.
var (
	headerNoSniff = []string{"nosniff"}
	headerNoStore = []string{"no-store"}
	// headerRevalidate lets the client alone keep a response, and makes it ask
	// again before each use.
	headerRevalidate = []string{"no-cache, private"}
	headerText       = []string{"text/plain; charset=utf-8"}
	headerJSON       = []string{"application/json"}
	headerProblem    = []string{"application/problem+json"}
	headerEvents     = []string{"text/event-stream"}
	headerBytes      = []string{"application/octet-stream"}
	headerNo         = []string{"no"}
	headerYAML       = []string{"application/yaml"}
	// headerInert lets a page that a program printed run nothing and load nothing.
	headerInert = []string{"default-src 'none'; style-src 'unsafe-inline'; sandbox"}
)

// growStack grows the goroutine's stack before a request waits. Writing a
// response through net/http needs more than the 8 KB in which a request can
// wait. A change that answers a thousand long-polls would otherwise copy a
// thousand stacks into memory that was never touched: three quarters of the page
// faults of their first answers (2,194 against about 600). For 1,000 polls held
// for 55 s, the last answer took 43, 24, 49 and 63 ms without and 29, 23, 30 and
// 31 ms with it (commit 9b6f058).
//
//go:noinline
func growStack() {
	var room [8 << 10]byte
	runtime.KeepAlive(&room)
}

// flushAndYield sends the response now and lets other goroutines run. One change
// answers all who wait for it, so their responses should leave before this
// goroutine undoes its timers and net/http listens for the next request. The
// last answer took 1.35, 1.27 and 1.19 times as long as a bare Gin handler's
// without, and 0.88, 0.93 and 0.92 times with it (commit 9567ba8).
func flushAndYield(c *gin.Context) {
	c.Writer.Flush()
	runtime.Gosched()
}
