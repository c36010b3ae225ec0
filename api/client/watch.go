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

// WatchOptions choose what Watch looks at; the zero value is the whole screen of
// the active pane.
type WatchOptions struct {
	Pane string // "%5"; "": the active one, whichever it is
	Trim bool   // leave blank lines at the end out
}

// holdTime is how long the service may hold a look.
const holdTime = "50"

// Watch tells a session's screen, and then every other one that it changes to,
// by long-polls. It skips screens that come faster than they are taken. It goes
// on while the service is there but busy, and ends with an error, which is an
// *Error of the kind gone when the session has ended, or with ctx.
func (s *Service) Watch(ctx context.Context, id int64, o WatchOptions) iter.Seq2[Screen, error] {
	wait := holdTime
	params := GetCaptureParams{Wait: &wait, Trim: &o.Trim}
	if o.Pane != "" {
		params.Pane = &o.Pane
	}
	return func(yield func(Screen, error) bool) {
		for {
			screen, changed, err := s.look(ctx, id, params)
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

// look is one long-poll; it waits where the service asks to.
func (s *Service) look(ctx context.Context, id int64, params GetCaptureParams) (screen Screen, changed bool, err error) {
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
		return Screen{}, false, pause(ctx, r.HTTPResponse.Header)
	}
	if err = failure(r.HTTPResponse, r.Body); err == nil {
		err = errors.New("client: watch: an answer without a screen: " + r.Status())
	}
	return Screen{}, false, err
}

// pause waits as long as Retry-After says.
func pause(ctx context.Context, h http.Header) error {
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
