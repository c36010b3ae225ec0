package db

import (
	"net/url"
	"testing"
	"time"

	"github.com/lib/pq"
	"github.com/stretchr/testify/require"
)

func TestCompleteURL(t *testing.T) {
	t.Setenv("PGSSLMODE", "allow") // what the URL means does not depend on the environment
	for raw, sslmode := range map[string]string{
		"postgres://u:p@localhost/x":                           "disable",
		"postgresql://u:p@127.0.0.1:5433/x":                    "disable",
		"postgres://u:p@[::1]/x":                               "disable",
		"postgres:///x?host=/var/run/postgresql":               "disable",
		"postgres://u:p@db.example/x":                          "require",
		"postgres://u:p@localhost,db.example/x":                "require",
		"postgres://u:p@localhost/x?hostaddr=192.0.2.1":        "require",
		"postgres://u:p@localhost/x?sslmode=verify-full":       "verify-full",
		"postgres://u:p@db.example/x?sslmode=disable":          "disable",
		"postgres://u:p@db.example/x?sslrootcert=system":       "verify-full",
		"postgres://u:p%40%2f@db.example/x?connect_timeout=40": "require",
	} {
		complete, err := completeURL(raw, 2500*time.Millisecond)
		require.NoError(t, err, raw)
		u, err := url.Parse(complete)
		require.NoError(t, err)
		require.Equal(t, sslmode, u.Query().Get("sslmode"), raw)
		config, err := pq.NewConfig(complete)
		require.NoError(t, err, raw)
		require.Equal(t, "x", config.Database)
		if raw == "postgres://u:p@[::1]/x" {
			require.Equal(t, "::1", config.Host)
		}
		want := "3"
		if raw == "postgres://u:p%40%2f@db.example/x?connect_timeout=40" {
			want = "40"
			require.Equal(t, "p@/", config.Password)
		}
		require.Equal(t, want, u.Query().Get("connect_timeout"))
	}
}

func TestCompleteURLKeepsSecrets(t *testing.T) {
	t.Parallel()
	for _, raw := range []string{
		"postgres://u:hunter2@localhost:hunter2/x",
		"postgres://u:hunter2%zz@localhost/x",
		"mysql://u:hunter2@localhost/x",
		"u:hunter2@localhost",
		"host=localhost password=hunter2",
		"postgres://u:hunter2@localhost/x?sslmode=hunter2",
		"postgres://u@localhost/x?password=hunter2&connect_timeout=hunter2",
		"postgres://u:hunter2@ho\x7fst/x",
	} {
		_, err := completeURL(raw, time.Second)
		require.Error(t, err, raw)
		require.NotContains(t, err.Error(), "hunter2")
	}
}
