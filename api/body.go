package api

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// readObject reads the request's body, which is a JSON object or nothing.
func (s *Server) readObject(c *gin.Context) (*object, error) {
	body, err := s.readBody(c)
	if err != nil {
		return nil, err
	}
	if len(body) == 0 {
		return &object{}, nil
	}
	if !isJSON(c.Request.Header["Content-Type"]) {
		return nil, errMediaType
	}
	if !utf8.Valid(body) {
		return nil, badRequest(`The body is not valid UTF-8. Bytes that are not text can be sent as {"hex":"…"}.`)
	}
	return parseObject(body)
}

func (s *Server) readBody(c *gin.Context) ([]byte, error) {
	length := c.Request.ContentLength
	if length > s.options.MaxBody {
		return nil, errTooLarge
	}
	if length == 0 {
		return nil, nil
	}
	body, err := io.ReadAll(http.MaxBytesReader(c.Writer, c.Request.Body, s.options.MaxBody))
	if err == nil {
		return body, nil
	}
	var tooLarge *http.MaxBytesError
	switch {
	case errors.As(err, &tooLarge):
		return nil, errTooLarge
	case errors.Is(err, os.ErrDeadlineExceeded):
		return nil, errSlowBody
	case c.Request.Context().Err() != nil:
		return nil, c.Request.Context().Err()
	}
	return nil, badRequest("The body did not arrive whole.")
}

func isJSON(contentType []string) bool {
	if len(contentType) != 1 {
		return false
	}
	kind, parameters, err := mime.ParseMediaType(contentType[0])
	if err != nil || kind != "application/json" {
		return false
	}
	charset, given := parameters["charset"]
	return !given || strings.EqualFold(charset, "utf-8")
}
