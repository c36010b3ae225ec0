package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"
)

// keepAlive is the interval of the comments in a stream without events, and of
// pings on a WebSocket.
const keepAlive = 15 * time.Second

// eventWriter writes a stream of server-sent events (WHATWG HTML, 9.2). A write
// blocks while the client does not read, and fails after stuck.
type eventWriter struct {
	stuck   time.Duration
	c       *gin.Context
	control *http.ResponseController
	buf     bytes.Buffer
}

// newEventWriter begins the response. An error means that the client is gone.
func (s *Server) newEventWriter(c *gin.Context) (*eventWriter, error) {
	h := c.Writer.Header()
	h["Content-Type"] = headerEvents
	h["X-Accel-Buffering"] = headerNo // nginx passes on each event at once
	w := &eventWriter{stuck: s.options.StuckTime, c: c, control: http.NewResponseController(c.Writer)}
	// A stream has no end, so it can have no deadline for the whole.
	if err := w.control.SetReadDeadline(time.Time{}); err != nil {
		return nil, fmt.Errorf("api: stream: %w", err)
	}
	c.Writer.WriteHeader(http.StatusOK)
	return w, w.comment("hello")
}

// event writes one event. The id may be empty; data is written as JSON.
func (w *eventWriter) event(name, id string, data any) error {
	w.buf.Reset()
	if id != "" {
		w.buf.WriteString("id: " + id + "\n")
	}
	w.buf.WriteString("event: " + name + "\ndata: ")
	encoder := json.NewEncoder(&w.buf) // it ends the line
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(data); err != nil {
		return fmt.Errorf("api: event: %w", err)
	}
	w.buf.WriteByte('\n')
	return w.flush()
}

// comment writes a line that clients ignore, so that proxies see a live stream.
func (w *eventWriter) comment(text string) error {
	w.buf.Reset()
	w.buf.WriteString(": " + text + "\n\n")
	return w.flush()
}

func (w *eventWriter) flush() error {
	if err := w.control.SetWriteDeadline(time.Now().Add(w.stuck)); err != nil {
		return err
	}
	if _, err := w.c.Writer.Write(w.buf.Bytes()); err != nil {
		return err
	}
	return w.control.Flush()
}

// wake says when there may be something to send.
type wake struct {
	more  <-chan struct{} // closed when there is; nil if never
	after time.Duration   // the latest time; 0 if none
}

// wait blocks until there is a change or until next is due, and keeps the
// connection alive meanwhile.
func (w *eventWriter) wait(ctx context.Context, changes <-chan struct{}, next wake) error {
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	var after <-chan time.Time
	if next.after > 0 {
		timer := time.NewTimer(next.after)
		defer timer.Stop()
		after, changes = timer.C, nil // the screen must not be read before
	}
	for {
		select {
		case <-changes:
			return nil
		case <-next.more:
			return nil
		case <-after:
			return nil
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-alive.C:
			if err := w.comment("alive"); err != nil {
				return err
			}
		}
	}
}
