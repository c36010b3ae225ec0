package main

import (
	"errors"
	"fmt"
	"io"
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

// settings holds the whole configuration. Each field is one flag and one
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

	envDataDir string // DataDir before the flag, if any, changed it
}

// settingsFromEnvironment returns the defaults, overridden by the variables of
// the environment. It returns usable settings even with an error: --help needs
// them.
func settingsFromEnvironment(environ []string) (*settings, error) {
	set := map[string]string{}
	for _, kv := range environ {
		if k, v, _ := strings.Cut(kv, "="); v != "" {
			set[k] = v
		}
	}
	s := new(settings)
	if err := env.ParseWithOptions(s, env.Options{Prefix: envPrefix, Environment: set}); err != nil {
		return defaultSettings(), environmentError(err)
	}
	if s.DataDir == "" {
		s.DataDir = defaultDataDir(set)
	}
	s.envDataDir = s.DataDir
	return s, nil
}

// environmentError replaces the name of the field, which the env package
// reports, by the name of the variable.
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

// defaultSettings returns the built-in defaults.
func defaultSettings() *settings {
	s := new(settings)
	if err := env.ParseWithOptions(s, env.Options{Prefix: envPrefix, Environment: map[string]string{}}); err != nil {
		panic(err) // the tags above are wrong
	}
	return s
}

// defaultDataDir returns the data directory of the XDG base directory
// specification, which says to ignore relative paths. It is empty when there is
// no home directory.
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

// storeFlags defines the flags of every command that opens the store.
func (s *settings) storeFlags(f *pflag.FlagSet) {
	f.StringVar(&s.DataDir, "data-dir", s.DataDir, "`folder` of the SQLite file and the first token\n(default $XDG_STATE_HOME/interplexer, else ~/.local/state/interplexer)")
	f.StringVar(&s.DatabaseURL, "database-url", s.DatabaseURL, "postgres:// `URL` of the database to use instead of a SQLite file; if it\nholds a password, set "+envPrefix+"DATABASE_URL instead")
}

// serveFlags defines the flags that only serve has.
func (s *settings) serveFlags(f *pflag.FlagSet) {
	f.StringVar(&s.Listen, "listen", s.Listen, "`address` to serve on")
	f.BoolVar(&s.InsecureListen, "insecure-listen", s.InsecureListen, "serve other machines without TLS, because a proxy in front does it")
	f.StringVar(&s.TLSCert, "tls-cert", s.TLSCert, "PEM `file` of the certificate chain")
	f.StringVar(&s.TLSKey, "tls-key", s.TLSKey, "PEM `file` of the certificate's private key")
	f.StringSliceVar(&s.AllowedHosts, "allowed-hosts", s.AllowedHosts, "host `names` that requests may use, besides IP addresses, localhost and\nthis machine's name; * allows any")
	f.DurationVar(&s.Shutdown, "shutdown-timeout", s.Shutdown, "`time` that requests in flight may take after a signal to stop")
	f.StringVar(&s.Tmux, "tmux", s.Tmux, "tmux `program`, 3.2 or later")
	f.StringVar(&s.TmuxSocket, "tmux-socket", s.TmuxSocket, "`name` of the private tmux server, as in tmux -L")
	f.StringVar(&s.TmuxConfig, "tmux-config", s.TmuxConfig, "tmux configuration `file` (default none)")
	f.IntVar(&s.HistoryLimit, "history-limit", s.HistoryLimit, "`lines` of history that tmux keeps for each pane")
	f.IntVar(&s.MaxSessions, "max-sessions-per-user", s.MaxSessions, "`number` of live sessions that one user may have")
	f.DurationVar(&s.WatchIdle, "watch-idle", s.WatchIdle, "`time` that a session's screen is kept up to date after its last request;\n0: not at all, every poll asks tmux")
	f.DurationVar(&s.ScreenInterval, "screen-interval", s.ScreenInterval, "shortest `time` between two screens sent to a client that waits for changes")
	f.IntVar(&s.ScreenCache, "screen-cache", s.ScreenCache, "`bytes` of screens and output kept in memory")
	f.IntVar(&s.MaxHeld, "max-held-per-user", s.MaxHeld, "`number` of long-polls and streams that one user may have open")
	f.TextVar(&s.LogLevel, "log-level", s.LogLevel, "`level`: debug, info, warn or error")
	f.StringVar(&s.LogFormat, "log-format", s.LogFormat, "`format`: text or json")
}

// addFlags adds the flags that define defines to cmd. Their defaults come from
// the environment, but the help shows the built-in ones: a variable may hold the
// database's password.
func (s *settings) addFlags(cmd *cobra.Command, define func(*settings, *pflag.FlagSet)) {
	flags, builtIn := pflag.NewFlagSet("", pflag.ContinueOnError), pflag.NewFlagSet("", pflag.ContinueOnError)
	define(s, flags)
	define(defaultSettings(), builtIn)
	flags.VisitAll(func(f *pflag.Flag) { f.DefValue = builtIn.Lookup(f.Name).DefValue })
	cmd.Flags().AddFlagSet(flags)
}

// newLogger returns a logger to w with the format and the level of the settings.
func (s *settings) newLogger(w io.Writer) *slog.Logger {
	options := &slog.HandlerOptions{Level: s.LogLevel}
	if s.LogFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}

// validate returns a usage error for settings that serve cannot work with.
func (s *settings) validate() error {
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
