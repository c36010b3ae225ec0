package api

import (
	"context"
	"net/http"
	"strings"

	"interplexer/api/session"
)

// Both ways in are offered; the user name of Basic is ignored, for clients
// that can do nothing else than send a name and a password.
var challenges = []string{
	`Bearer realm="interplexer"`,
	`Basic realm="interplexer", charset="UTF-8"`,
}

func (s *Server) authenticate(ctx context.Context, r *http.Request) (session.Principal, error) {
	token, ok := tokenOf(r)
	if !ok {
		return session.Principal{}, session.ErrUnauthenticated
	}
	return s.options.Accounts.Authenticate(ctx, token)
}

func tokenOf(r *http.Request) (string, bool) {
	given := r.Header["Authorization"]
	if len(given) != 1 { // of two, which one counts would be a guess
		return "", false
	}
	scheme, rest, _ := strings.Cut(given[0], " ")
	if strings.EqualFold(scheme, "bearer") {
		token := strings.Trim(rest, " ")
		return token, token != ""
	}
	_, password, ok := r.BasicAuth()
	return password, ok && password != ""
}
