package main

import (
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

const envPrefix = "INTERPLEXER_"

// settings are all that can be configured; one field is one flag and one
// environment variable.
type settings struct {
	DataDir     string `env:"DATA_DIR"`
	DatabaseURL string `env:"DATABASE_URL"` // a secret: never printed

	Listen         string        `env:"LISTEN" envDefault:"127.0.0.1:8420"`
	InsecureListen bool          `env:"INSECURE_LISTEN"`
	TLSCert        string        `env:"TLS_CERT"`
	TLSKey         string        `env:"TLS_KEY"`
	AllowedHosts   []string      `env:"ALLOWED_HOSTS"`
	Shutdown       time.Duration `env:"SHUTDOWN_TIMEOUT" envDefault:"10s"`

	Tmux         string `env:"TMUX" envDefault:"tmux"`
	TmuxSocket   string `env:"TMUX_SOCKET" envDefault:"interplexer"`
	TmuxConfig   string `env:"TMUX_CONFIG"`
	HistoryLimit int    `env:"HISTORY_LIMIT" envDefault:"2000"`
	MaxSessions  int    `env:"MAX_SESSIONS_PER_USER" envDefault:"1000"`

	WatchIdle      time.Duration `env:"WATCH_IDLE" envDefault:"30s"`
	ScreenInterval time.Duration `env:"SCREEN_INTERVAL" envDefault:"16ms"`
	ScreenCache    int           `env:"SCREEN_CACHE" envDefault:"67108864"`
	MaxHeld        int           `env:"MAX_HELD_PER_USER" envDefault:"4096"`

	URL   string `env:"URL" envDefault:"http://127.0.0.1:8420"`
	Token string `env:"TOKEN"` // a secret: never printed

	LogLevel  slog.Level `env:"LOG_LEVEL" envDefault:"info"`
	LogFormat string     `env:"LOG_FORMAT" envDefault:"text"`

	environDataDir string // DataDir as it is without the flag
}

// settingsFromEnvironment gives the defaults with the environment's values
// over them. The settings are usable (for --help) even with an error.
func settingsFromEnvironment(environ []string) (*settings, error) {
	set := map[string]string{}
	for _, kv := range environ {
		if k, v, _ := strings.Cut(kv, "="); v != "" {
			set[k] = v
		}
	}
	s := new(settings)
	if err := env.ParseWithOptions(s, env.Options{Prefix: envPrefix, Environment: set}); err != nil {
		return builtin(), environmentError(err)
	}
	if s.DataDir == "" {
		s.DataDir = defaultDataDir(set)
	}
	s.environDataDir = s.DataDir
	return s, nil
}

// environmentError names the variable where the env package names the field.
func environmentError(err error) error {
	var all env.AggregateError
	var bad env.ParseError
	if errors.As(err, &all) && len(all.Errors) > 0 && errors.As(all.Errors[0], &bad) {
		if field, ok := reflect.TypeFor[settings]().FieldByName(bad.Name); ok {
			return fmt.Errorf("%s%s: %w", envPrefix, field.Tag.Get("env"), bad.Err)
		}
	}
	return fmt.Errorf("environment: %w", err)
}

// builtin are the settings that nothing has changed.
func builtin() *settings {
	s := new(settings)
	if err := env.ParseWithOptions(s, env.Options{Prefix: envPrefix, Environment: map[string]string{}}); err != nil {
		panic(err) // the tags above are wrong
	}
	return s
}

// defaultDataDir follows the XDG base directory specification, which has
// relative paths ignored. It is empty when there is no home directory.
func defaultDataDir(environ map[string]string) string {
	state := environ["XDG_STATE_HOME"]
	if !filepath.IsAbs(state) {
		home := environ["HOME"]
		if !filepath.IsAbs(home) {
			return ""
		}
		state = filepath.Join(home, ".local", "state")
	}
	return filepath.Join(state, "interplexer")
}

// storeFlags are the flags of every command that opens the store.
func (s *settings) storeFlags(f *pflag.FlagSet) {
	f.StringVar(&s.DataDir, "data-dir", s.DataDir, "`folder` of the SQLite file and the first token\n(default $XDG_STATE_HOME/interplexer, else ~/.local/state/interplexer)")
	f.StringVar(&s.DatabaseURL, "database-url", s.DatabaseURL, "postgres:// `URL` of the database to use instead of a SQLite file; as it\nholds a password, rather set "+envPrefix+"DATABASE_URL")
}

// serveFlags are the flags of serve besides.
func (s *settings) serveFlags(f *pflag.FlagSet) {
	f.StringVar(&s.Listen, "listen", s.Listen, "`address` to serve on")
	f.BoolVar(&s.InsecureListen, "insecure-listen", s.InsecureListen, "serve other machines without TLS")
	f.StringVar(&s.TLSCert, "tls-cert", s.TLSCert, "PEM `file` of the certificate chain")
	f.StringVar(&s.TLSKey, "tls-key", s.TLSKey, "PEM `file` of its private key")
	f.StringSliceVar(&s.AllowedHosts, "allowed-hosts", s.AllowedHosts, "`names` that clients may call this service by, besides IP addresses,\nlocalhost and this machine's name; * allows any")
	f.DurationVar(&s.Shutdown, "shutdown-timeout", s.Shutdown, "`time` that requests in flight get to finish at the end")
	f.StringVar(&s.Tmux, "tmux", s.Tmux, "tmux `program`, 3.2 or later")
	f.StringVar(&s.TmuxSocket, "tmux-socket", s.TmuxSocket, "`name` of the private tmux server, as in tmux -L")
	f.StringVar(&s.TmuxConfig, "tmux-config", s.TmuxConfig, "tmux configuration `file` (default none)")
	f.IntVar(&s.HistoryLimit, "history-limit", s.HistoryLimit, "`lines` of history that a pane keeps")
	f.IntVar(&s.MaxSessions, "max-sessions-per-user", s.MaxSessions, "live `sessions` that one user may have")
	f.DurationVar(&s.WatchIdle, "watch-idle", s.WatchIdle, "`time` that a session's screen is kept up to date after the last look at it;\n0: never, every poll asks tmux")
	f.DurationVar(&s.ScreenInterval, "screen-interval", s.ScreenInterval, "least `time` between two screens for a client that waits for changes")
	f.IntVar(&s.ScreenCache, "screen-cache", s.ScreenCache, "`bytes` of screens and output kept in memory")
	f.IntVar(&s.MaxHeld, "max-held-per-user", s.MaxHeld, "`number` of long-polls and streams that one user may have open")
	f.TextVar(&s.LogLevel, "log-level", s.LogLevel, "`level`: debug, info, warn or error")
	f.StringVar(&s.LogFormat, "log-format", s.LogFormat, "`format`: text or json")
}

// addFlags defines flags whose defaults are the environment's. The help shows
// the built-in ones instead: a variable may hold the database's password.
func (s *settings) addFlags(cmd *cobra.Command, define func(*settings, *pflag.FlagSet)) {
	own, plain := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	define(s, own)
	define(builtin(), plain)
	own.VisitAll(func(f *pflag.Flag) { f.DefValue = plain.Lookup(f.Name).DefValue })
	cmd.Flags().AddFlagSet(own)
}

// check refuses what serve could not work with.
func (s *settings) check() error {
	switch {
	case s.LogFormat != "text" && s.LogFormat != "json":
		return usagef("--log-format is %q: it must be text or json", s.LogFormat)
	case s.HistoryLimit < 1 || s.HistoryLimit > 1_000_000:
		return usagef("--history-limit is %d: it must be between 1 and 1000000", s.HistoryLimit)
	case s.MaxSessions < 1:
		return usagef("--max-sessions-per-user is %d: it must be at least 1", s.MaxSessions)
	case s.TmuxSocket == "" || strings.ContainsAny(s.TmuxSocket, "/\x00"):
		return usagef("--tmux-socket is %q: it must be a plain file name", s.TmuxSocket)
	case s.WatchIdle < 0 || s.ScreenInterval < 0:
		return usagef("--watch-idle and --screen-interval must not be negative")
	case s.ScreenCache < 1 || s.MaxHeld < 1:
		return usagef("--screen-cache and --max-held-per-user must be at least 1")
	case s.Shutdown < 0:
		return usagef("--shutdown-timeout is %s: it must not be negative", s.Shutdown)
	}
	return nil
}
