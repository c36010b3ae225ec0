package db

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/jmoiron/sqlx"
	"github.com/lib/pq"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

const (
	// poolSize leaves room for several processes under Postgres's default of
	// 100 connections.
	poolSize = 16
	// migrateTimeout bounds one statement of a migration.
	migrateTimeout = time.Minute
)

func openPostgres(ctx context.Context, o Options) (*Store, error) {
	source, err := pinURL(o.URL, o.QueryTimeout)
	if err != nil {
		return nil, fmt.Errorf("db: open: %w", err)
	}
	config, err := pq.NewConfig(source)
	if err != nil {
		return nil, errors.New("db: open: the database URL is not valid")
	}
	pool := newPool(sqlx.NewDb(sql.OpenDB(&connector{config: config, budget: o.QueryTimeout}), Postgres), poolSize)
	pool.SetMaxIdleConns(poolSize / 2)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	pool.SetConnMaxLifetime(30 * time.Minute)
	s := &Store{dialect: Postgres, options: o, source: source, reader: pool, writer: pool}
	// The ping first: it fails within the time of one call, while a migration
	// may take its time.
	if err := s.Ping(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("db: open: %w", err), pool.Close())
	}
	if err := migratePostgres(ctx, config); err != nil {
		return nil, errors.Join(classify(ctx, "open", err), pool.Close())
	}
	return s, nil
}

// migratePostgres uses connections of its own, whose reads may take longer
// than a call's.
func migratePostgres(ctx context.Context, config pq.Config) error {
	pool := sql.OpenDB(&connector{config: config, budget: migrateTimeout})
	defer pool.Close()
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 60), lock.WithUnlockTimeout(1, 3))
	if err != nil {
		return fmt.Errorf("migrations: %w", err)
	}
	return migrate(ctx, goose.DialectPostgres, Postgres, pool, goose.WithSessionLocker(locker))
}

// pinURL settles what lib/pq would otherwise take from its own defaults or
// the environment:
//
//   - sslmode: its default, require, fails on the Postgres that most people
//     run on their own machine, which has no certificate, and nobody listens
//     on a loopback or a unix socket. So disable there, require elsewhere.
//   - connect_timeout: its default is to wait for ever.
//   - binary_parameters: one round trip a query instead of two, and no
//     unnamed prepared statement for a connection pooler to lose.
//
// Errors do not repeat the URL, which holds a password.
func pinURL(raw string, timeout time.Duration) (string, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return "", errors.New("the database URL is not valid")
	}
	if u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return "", errors.New("the database URL must begin with postgres:// or postgresql://")
	}
	q := u.Query()
	pin := func(key, value string) {
		if !q.Has(key) {
			q.Set(key, value)
		}
	}
	if q.Get("sslrootcert") == "system" {
		pin("sslmode", "verify-full") // it goes with no other
	}
	u.RawQuery = q.Encode()
	config, err := pq.NewConfig(u.String())
	if err != nil {
		return "", fmt.Errorf("the database URL is not valid: %s", withoutSecrets(err.Error(), u))
	}
	pin("sslmode", defaultSSLMode(config))
	pin("connect_timeout", strconv.Itoa(max(1, int((timeout+time.Second-1)/time.Second))))
	pin("binary_parameters", "yes")
	pin("fallback_application_name", "interplexer")
	if u.Port() == "" && strings.HasPrefix(u.Host, "[") {
		// lib/pq 1.12.3 leaves the brackets on and dials [[::1]]:5432.
		q.Set("host", u.Hostname())
		u.Host = ""
	}
	u.RawQuery = q.Encode()
	return u.String(), nil
}

func defaultSSLMode(c pq.Config) string {
	hosts := []pq.ConfigMultihost{{Host: c.Host, Hostaddr: c.Hostaddr}}
	for _, h := range append(hosts, c.Multi...) {
		if !isLocal(h.Host, h.Hostaddr) {
			return "require"
		}
	}
	return "disable"
}

func isLocal(host string, addr netip.Addr) bool {
	if addr.IsValid() {
		return addr.IsLoopback()
	}
	ip := net.ParseIP(strings.Trim(host, "[]"))
	return host == "localhost" || ip != nil && ip.IsLoopback() ||
		filepath.IsAbs(host) || strings.HasPrefix(host, "@")
}

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
