package api

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"regexp"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/idempotency"
	"interplexer/api/session"
)

// handle calls the route's handler. If the route obeys an Idempotency-Key and the
// request has one, it calls the handler once for each key and answers later
// requests with the stored response (draft-ietf-httpapi-idempotency-key-header).
func (s *Server) handle(ctx context.Context, c *gin.Context, r route, x *requestState) error {
	given := c.Request.Header["Idempotency-Key"]
	if !r.once || len(given) == 0 {
		return r.handle(ctx, c, x.principal)
	}
	key, err := idempotencyKey(given)
	if err != nil {
		return err
	}
	body, err := s.readBody(c)
	if err != nil {
		return err
	}
	// The handler reads the body again.
	c.Request.Body, c.Request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	stored, err := s.options.Keys.Begin(ctx, x.principal, key, requestHash(c.Request, body))
	switch {
	case err != nil:
		return err
	case stored != nil:
		replay(c, stored)
		return nil
	}
	s.handleAndStore(ctx, c, r, x, key)
	return nil
}

// handleAndStore calls the handler and stores the response before the client gets
// it. The request goes on if the client leaves, as the client may come back for
// the response.
func (s *Server) handleAndStore(ctx context.Context, c *gin.Context, r route, x *requestState, key string) {
	c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context()))
	ctx = context.WithoutCancel(ctx)
	if !r.bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.options.RequestTimeout)
		defer cancel()
	}
	client := x.ResponseWriter
	w := &responseBuffer{header: client.Header()}
	var result *idempotency.StoredResponse // stays nil after a panic
	x.ResponseWriter = w
	defer func() {
		x.ResponseWriter = client
		if err := s.options.Keys.End(ctx, x.principal, key, result); err != nil {
			s.logger.LogAttrs(ctx, slog.LevelError, "answer not kept", slog.String("request_id", x.id), slog.Any("error", err))
		}
		if w.status != 0 {
			client.WriteHeader(w.status)
			_, _ = client.Write(w.body.Bytes())
		}
	}()
	if err := r.handle(ctx, c, x.principal); err != nil {
		s.refuse(c, err)
	}
	c.Writer.WriteHeaderNow()
	if isStored(w.status) {
		result = w.stored()
	}
}

// isStored reports whether to store a response of this status. A request that was
// refused or failed did nothing and may be sent again under its key, corrected.
// One that timed out (408), or whose session ended (410), was carried out.
func isStored(status int) bool {
	return status < 400 || status == http.StatusRequestTimeout || status == http.StatusGone
}

// storedHeaders are the headers of a response that are the same when it is sent
// again.
var storedHeaders = []string{"Content-Type", "Location", "Etag"}

// responseBuffer is an http.ResponseWriter that holds the response back.
type responseBuffer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *responseBuffer) Header() http.Header { return w.header }

func (w *responseBuffer) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *responseBuffer) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *responseBuffer) stored() *idempotency.StoredResponse {
	a := &idempotency.StoredResponse{Status: w.status, Header: map[string]string{}, Body: w.body.Bytes()}
	for _, name := range storedHeaders {
		if value := w.header[name]; len(value) > 0 {
			a.Header[name] = value[0]
		}
	}
	return a
}

// replay answers with a stored response.
func replay(c *gin.Context, a *idempotency.StoredResponse) {
	h := c.Writer.Header()
	for name, value := range a.Header {
		h[name] = []string{value}
	}
	h["Idempotency-Replayed"] = []string{"true"}
	c.Writer.WriteHeader(a.Status)
	if len(a.Body) > 0 {
		_, _ = c.Writer.Write(a.Body)
	}
}

var keyForm = regexp.MustCompile(`^("[ !#-\[\]-~]{1,255}"|[!#-+\--:<-\[\]-~]{1,255})$`)

// idempotencyKey accepts the draft's form, a string in quotes, and the bare one
// that most clients send. Both are the same key.
func idempotencyKey(given []string) (string, error) {
	if len(given) != 1 || !keyForm.MatchString(given[0]) {
		return "", invalid([]session.FieldError{{Field: "Idempotency-Key", Detail: "must be one header of 1 to 255 visible ASCII characters, in quotes or without blanks"}})
	}
	return strings.Trim(given[0], `"`), nil
}

// requestHash is equal for equal requests only.
func requestHash(r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", r.Method, strings.TrimSuffix(r.URL.Path, "/"), r.URL.RawQuery)
	h.Write(body)
	return [32]byte(h.Sum(nil))
}
