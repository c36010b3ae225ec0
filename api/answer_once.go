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

	"interplexer/api/session"
)

// answer carries a request out, once for each Idempotency-Key where the route
// knows them (draft-ietf-httpapi-idempotency-key-header).
func (s *Server) answer(ctx context.Context, c *gin.Context, r route, x *exchange) error {
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
	// For the handler to read again.
	c.Request.Body, c.Request.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	kept, err := s.options.Registry.BeginAnswer(ctx, x.principal, key, requestHash(c.Request, body))
	switch {
	case err != nil:
		return err
	case kept != nil:
		answerAgain(c, kept)
		return nil
	}
	s.answerOnce(ctx, c, r, x, key)
	return nil
}

// answerOnce keeps the answer before the client gets it. The request goes on
// when the client leaves: it may come back for the answer.
func (s *Server) answerOnce(ctx context.Context, c *gin.Context, r route, x *exchange, key string) {
	c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context()))
	ctx = context.WithoutCancel(ctx)
	if !r.bounded {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, s.options.RequestTimeout)
		defer cancel()
	}
	client := x.ResponseWriter
	w := &answerWriter{header: client.Header()}
	var result *session.Answer // nil also after a panic
	x.ResponseWriter = w
	defer func() {
		x.ResponseWriter = client
		if err := s.options.Registry.EndAnswer(ctx, x.principal, key, result); err != nil {
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
	if isKept(w.status) {
		result = w.answer()
	}
}

// isKept: a request that was refused has done nothing and may be sent again,
// mended, under its key; so may one that failed. What timed out, or lost its
// session, was under way.
func isKept(status int) bool {
	return status < 400 || status == http.StatusRequestTimeout || status == http.StatusGone
}

// keptHeaders are those that belong to the answer and not to the request.
var keptHeaders = []string{"Content-Type", "Location", "Etag"}

// answerWriter holds an answer back.
type answerWriter struct {
	header http.Header
	status int
	body   bytes.Buffer
}

func (w *answerWriter) Header() http.Header { return w.header }

func (w *answerWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
}

func (w *answerWriter) Write(b []byte) (int, error) {
	w.WriteHeader(http.StatusOK)
	return w.body.Write(b)
}

func (w *answerWriter) answer() *session.Answer {
	a := &session.Answer{Status: w.status, Header: map[string]string{}, Body: w.body.Bytes()}
	for _, name := range keptHeaders {
		if value := w.header[name]; len(value) > 0 {
			a.Header[name] = value[0]
		}
	}
	return a
}

// answerAgain gives the answer of the first time.
func answerAgain(c *gin.Context, a *session.Answer) {
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

// idempotencyKey takes the draft's form, a string in quotes, and the bare one
// that most clients send; both name the same.
func idempotencyKey(given []string) (string, error) {
	if len(given) != 1 || !keyForm.MatchString(given[0]) {
		return "", invalid([]session.FieldError{{Field: "Idempotency-Key", Detail: "must be one header of 1 to 255 visible ASCII characters, in quotes or without blanks"}})
	}
	return strings.Trim(given[0], `"`), nil
}

// requestHash tells one request from another.
func requestHash(r *http.Request, body []byte) [32]byte {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s?%s\n", r.Method, strings.TrimSuffix(r.URL.Path, "/"), r.URL.RawQuery)
	h.Write(body)
	return [32]byte(h.Sum(nil))
}
