package api

import (
	"context"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"interplexer/api/session"
)

// metrics times requests. Its labels are the patterns of routes and not paths, so
// that clients cannot create series.
type metrics struct {
	durations *prometheus.HistogramVec
	page      http.Handler
}

var statusClasses = [...]string{"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"}

func newMetrics(r *prometheus.Registry, version string, stats func() session.Stats) metrics {
	m := metrics{
		durations: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "interplexer_http_request_duration_seconds",
			Help:    "Time from a request's headers to the end of its answer.",
			Buckets: []float64{.0005, .001, .0025, .005, .01, .025, .05, .1, .25, 1, 5, 30},
		}, []string{"route", "status"}),
		page: promhttp.HandlerFor(r, promhttp.HandlerOpts{}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "interplexer_build_info", Help: "Always 1; the label tells the version.",
		ConstLabels: prometheus.Labels{"version": version},
	})
	build.Set(1)
	all := append(liveMetrics(stats), m.durations, build,
		collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	for _, c := range all {
		// The caller may have registered Go's and the process's collectors.
		var twice prometheus.AlreadyRegisteredError
		if err := r.Register(c); err != nil && !errors.As(err, &twice) {
			panic(err) // two of our own collectors have one name
		}
	}
	return m
}

// liveMetrics returns the collectors for live screens and tmux; none if stats is
// nil.
func liveMetrics(stats func() session.Stats) []prometheus.Collector {
	if stats == nil {
		return nil
	}
	gauge := func(name, help string, value func(session.Stats) int) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, func() float64 { return float64(value(stats())) })
	}
	counter := func(name, help string, value func(session.Stats) uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{Name: name, Help: help}, func() float64 { return float64(value(stats())) })
	}
	state := func(name string) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
			Name: "interplexer_tmux_state", Help: "1 for the state of the connection to tmux.",
			ConstLabels: prometheus.Labels{"state": name},
		}, func() float64 {
			if stats().Tmux == name {
				return 1
			}
			return 0
		})
	}
	return []prometheus.Collector{
		state("connected"), state("degraded"), state("down"),
		counter("interplexer_tmux_connects_total", "Connections made to tmux.", func(s session.Stats) uint64 { return uint64(s.Connects) }),
		gauge("interplexer_held_requests", "Long-polls and streams now.", func(s session.Stats) int { return s.Held }),
		gauge("interplexer_screens_watched", "Sessions whose screens are kept up to date.", func(s session.Stats) int { return s.Watched }),
		counter("interplexer_screen_captures_total", "Captures asked of tmux.", func(s session.Stats) uint64 { return s.Captures }),
		counter("interplexer_screen_hits_total", "Looks at a screen that asked tmux nothing.", func(s session.Stats) uint64 { return s.Hits }),
	}
}

// times are the series of one route. Each is created when it is first needed.
type times struct {
	route   string
	byClass [len(statusClasses)]atomic.Pointer[prometheus.Observer]
}

func (m metrics) route(path string) *times { return &times{route: path} }

// observe counts a request. t is nil if no route matched.
func (m metrics) observe(t *times, status int, took time.Duration) {
	class := min(max(status/100, 0), len(statusClasses)-1)
	if t == nil {
		m.durations.WithLabelValues("none", statusClasses[class]).Observe(took.Seconds())
		return
	}
	observer := t.byClass[class].Load()
	if observer == nil {
		made := m.durations.WithLabelValues(t.route, statusClasses[class])
		observer = &made
		t.byClass[class].Store(observer)
	}
	(*observer).Observe(took.Seconds())
}

func (s *Server) exposeMetrics(_ context.Context, c *gin.Context, _ session.Principal) error {
	s.metrics.page.ServeHTTP(c.Writer, c.Request)
	return nil
}
