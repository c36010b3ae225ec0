package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/db/dbtest"
)

// The log has no token, no password and no typed text, even at level debug.
func TestNoSecretInTheLog(t *testing.T) {
	t.Parallel()
	u, err := url.Parse(dbtest.PostgresURL(t))
	require.NoError(t, err)
	u.User = url.UserPassword(u.User.Username(), "pass-w0rd") // the private server asks for none
	for name, databaseURL := range map[string]string{"sqlite": "", "postgres": u.String()} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, databaseURL)
			v := s.start("--log-level", "debug")
			token := s.newUser("alice")
			j := v.create(token, `{"env":{"KEY":"env-s3cret"}}`)
			v.call(token, "POST", j.path("send-keys"), `{"keys":"echo typed-s3cret"}`, http.StatusNoContent)
			v.awaitScreen(token, j, "typed-s3cret")
			wrong := "ipx_" + token[5:] + "A"
			v.call(wrong, "GET", "/api/sessions", "", http.StatusUnauthorized)
			v.call(token, "GET", "/api/sessions?token="+token, "", http.StatusUnprocessableEntity)
			req, err := http.NewRequest("GET", v.url+"/api/sessions", nil)
			require.NoError(t, err)
			req.SetBasicAuth("alice", token)
			res, err := v.client.Do(req)
			require.NoError(t, err)
			require.NoError(t, res.Body.Close())
			require.Equal(t, http.StatusOK, res.StatusCode)
			v.stop()

			log := v.log.String() + v.out
			require.Contains(t, log, "/api/sessions") // it did log the calls
			for _, secret := range []string{token, wrong, token[10:], "pass-w0rd", "env-s3cret", "typed-s3cret"} {
				require.NotContains(t, log, secret)
			}
			if databaseURL == "" {
				require.NotContains(t, log, s.firstToken())
			}
		})
	}
}
