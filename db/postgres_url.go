package db

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
)

// completeURL adds to a database URL the settings that lib/pq would otherwise
// take from its defaults or from the environment. It keeps those that are given.
//
//   - sslmode: disable for a local server, require elsewhere. lib/pq's default is
//     require, which fails on the Postgres that most people run on their own
//     machine, because that has no certificate. Nobody can listen in on a
//     loopback address or a unix socket.
//   - connect_timeout: timeout, in whole seconds, rounded up. lib/pq's default is
//     to wait forever.
//   - binary_parameters: yes. It makes one round trip for a query instead of two,
//     and no unnamed prepared statement that a connection pooler could lose.
//
// Errors do not repeat the URL, since it holds a password.
func completeURL(raw string, timeout time.Duration) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("the database URL is not valid")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("the database URL must begin with postgres:// or postgresql://")
	}
	q := u.Query()
	setDefault := func(key, value string) {
		if !q.Has(key) {
			q.Set(key, value)
		}
	}
	if q.Get("sslrootcert") == "system" {
		setDefault("sslmode", "verify-full") // lib/pq accepts no other with it
	}
	u.RawQuery = q.Encode()
	config, err := pq.NewConfig(u.String())
	if err != nil {
		return "", fmt.Errorf("the database URL is not valid: %s", withoutSecrets(err.Error(), u))
	}
	setDefault("sslmode", defaultSSLMode(config))
	setDefault("connect_timeout", strconv.Itoa(max(1, int((timeout+time.Second-1)/time.Second))))
	setDefault("binary_parameters", "yes")
	setDefault("fallback_application_name", "interplexer")
	if u.Port() == "" && strings.HasPrefix(u.Host, "[") {
		// lib/pq 1.12.3 keeps the brackets and would dial [[::1]]:5432.
		q.Set("host", u.Hostname())
		u.Host = ""
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

// defaultSSLMode is disable when all hosts are local, and else require.
func defaultSSLMode(c pq.Config) string {
	hosts := []pq.ConfigMultihost{{Host: c.Host, Hostaddr: c.Hostaddr}}
	for _, h := range append(hosts, c.Multi...) {
		if !isLocal(h.Host, h.Hostaddr) {
			return "require"
		}
	}
	return "disable"
}

// isLocal reports whether a host is a loopback address or a unix socket (a path,
// or @ and an abstract name).
func isLocal(host string, addr netip.Addr) bool {
	if addr.IsValid() {
		return addr.IsLoopback()
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback() ||
		filepath.IsAbs(host) || strings.HasPrefix(host, "@")
}

// withoutSecrets replaces the passwords of the URL in text by ***.
func withoutSecrets(text string, u *url.URL) string {
	secrets := u.Query()["password"]
	if p, ok := u.User.Password(); ok {
		secrets = append(secrets, p)
	}
	for _, s := range secrets {
		if s != "" {
			text = strings.ReplaceAll(text, s, "***")
		}
	}
	return text
}
