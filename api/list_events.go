package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
	"interplexer/api/session/registry"
)

type changeJSON struct {
	Change  string      `json:"change"`
	Session sessionJSON `json:"session"`
}

type helloJSON struct {
	Sessions []sessionJSON `json:"sessions"`
}

// listEvents streams the caller's list of sessions and its changes.
func (s *Server) listEvents(_ context.Context, c *gin.Context, p session.Principal) error {
	ctx, release := s.hold(c)
	defer release()
	feed, err := s.options.Registry.Feed(ctx, p)
	if err != nil {
		return err
	}
	defer feed.Close()
	if c.Request.Method == http.MethodHead {
		c.Writer.Header()["Content-Type"] = headerEvents
		return nil
	}
	w, err := s.newEventWriter(c)
	if err != nil {
		return nil // the client is gone
	}
	err = s.sendList(ctx, w, p)
	for err == nil {
		err = s.sendChange(ctx, w, p, feed)
	}
	if errors.Is(err, errStopping) {
		_ = w.comment("stopping")
	}
	return nil
}

// sendChange waits for one change and sends it.
func (s *Server) sendChange(ctx context.Context, w *eventWriter, p session.Principal, feed *registry.Feed) error {
	alive := time.NewTimer(keepAlive)
	defer alive.Stop()
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case change := <-feed.C:
		return w.event("session", "", changeJSON{Change: change.Kind, Session: newSessionJSON(change.Session)})
	case <-feed.Missed:
		return s.sendList(ctx, w, p)
	case <-alive.C:
		return w.comment("alive")
	}
}

// sendList sends the whole list. While tmux cannot be reached, it waits.
func (s *Server) sendList(ctx context.Context, w *eventWriter, p session.Principal) error {
	for {
		list, err := s.options.Registry.List(ctx, p)
		switch {
		case err == nil:
			hello := helloJSON{Sessions: []sessionJSON{}}
			for _, one := range list {
				hello.Sessions = append(hello.Sessions, newSessionJSON(one))
			}
			return w.event("hello", "", hello)
		case unlessTransient(err) != nil:
			return err
		}
		if err := w.wait(ctx, nil, wake{after: time.Second}); err != nil {
			return err
		}
	}
}
