package api

import (
	"context"
	"net/http"
	"strings"

	"interplexer/api/session"
)

// challenges offer Bearer and Basic. Basic is for clients that can only send a
// name and a password: the password is the token, and the name is ignored.
var challenges = []string{
	`Bearer realm="interplexer"`,
	`Basic realm="interplexer", charset="UTF-8"`,
}

// authenticate returns session.ErrUnauthenticated if there is no valid token.
func (s *Server) authenticate(ctx context.Context, r *http.Request) (session.Principal, error) {
	token, ok := tokenOf(r)
	if !ok {
		return session.Principal{}, session.ErrUnauthenticated
	}
	return s.options.Accounts.Authenticate(ctx, token)
}

func tokenOf(r *http.Request) (string, bool) {
	given := r.Header["Authorization"]
	if len(given) != 1 { // of two headers, neither is certain
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
