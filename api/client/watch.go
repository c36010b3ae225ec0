package client

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"time"
)

// WatchOptions are the options of Watch. The zero value watches the whole screen of
// the active pane.
type WatchOptions struct {
	Pane string // such as "%5"; "" means the active pane, even when that changes
	Trim bool   // leave out blank lines at the end
}

// pollWait is how many seconds the service may hold one long-poll.
const pollWait = "50"

// Watch iterates over the screens of a session: the current one, and then each one
// that differs from the one before. It sends long-polls. Screens that change faster
// than the loop takes them are skipped. When the service says that it is busy,
// Watch tries again after the time of Retry-After. It ends with an error: an *Error
// of the kind gone when the session has ended, or ctx's when that is done.
func (s *Service) Watch(ctx context.Context, id int64, o WatchOptions) iter.Seq2[Screen, error] {
	wait := pollWait
	params := GetCaptureParams{Wait: &wait, Trim: &o.Trim}
	if o.Pane != "" {
		params.Pane = &o.Pane
	}
	return func(yield func(Screen, error) bool) {
		for {
			screen, changed, err := s.poll(ctx, id, params)
			if err != nil {
				yield(Screen{}, err)
				return
			}
			if changed && !yield(screen, nil) {
				return
			}
			if changed {
				params.IfNoneMatch = &screen.ETag
			}
		}
	}
}

// poll sends one long-poll. If the service is busy, it sleeps as long as that asks
// and returns without a screen.
func (s *Service) poll(ctx context.Context, id int64, params GetCaptureParams) (screen Screen, changed bool, err error) {
	r, err := s.GetCaptureWithResponse(ctx, id, &params)
	if err != nil {
		return Screen{}, false, fmt.Errorf("client: watch: %w", err)
	}
	switch r.StatusCode() {
	case http.StatusOK:
		return Screen{Text: string(r.Body), ETag: r.HTTPResponse.Header.Get("ETag")}, true, nil
	case http.StatusNotModified:
		return Screen{}, false, nil
	case http.StatusServiceUnavailable, http.StatusTooManyRequests:
		return Screen{}, false, sleepRetryAfter(ctx, r.HTTPResponse.Header)
	}
	if err = problemOf(r.HTTPResponse, r.Body); err == nil {
		err = errors.New("client: watch: a response without a screen: " + r.Status())
	}
	return Screen{}, false, err
}

// sleepRetryAfter sleeps for the seconds of Retry-After: 1 at least, 60 at most.
func sleepRetryAfter(ctx context.Context, h http.Header) error {
	seconds, err := strconv.Atoi(h.Get("Retry-After"))
	if err != nil || seconds < 1 {
		seconds = 1
	}
	timer := time.NewTimer(time.Duration(min(seconds, 60)) * time.Second)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
