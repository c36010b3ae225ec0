package api

import (
	"context"
	_ "embed" // for openapi.yaml
	"net/http"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

//go:embed openapi.yaml
var specification []byte

func (s *Server) openapi(_ context.Context, c *gin.Context, _ session.Principal) error {
	return write(c, http.StatusOK, headerYAML, specification)
}
