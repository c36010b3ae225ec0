package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/user"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"interplexer/api/session"
	"interplexer/db"
)

const firstLabel = "first" // of the token that this program made by itself

var tokenText = regexp.MustCompile(`^ipx_[A-Za-z0-9_-]{43}$`)

// makeFirstUser gives an embedded store that nobody uses yet an administrator
// named after the OS user, with a token that is kept in a file.
//
// The steps are user, file, token. A crash after any of them is completed by
// the next start: no token is valid that is not in the file, and what is in the
// file becomes valid.
func makeFirstUser(ctx context.Context, store *db.Store, tokenPath string) error {
	name := osUserName()
	users, err := store.Users(ctx)
	if err != nil {
		return err
	}
	if len(users) == 0 {
		u, err := store.CreateUser(ctx, name, true)
		if err != nil {
			return err
		}
		users = []db.User{u}
	}
	tokens, err := store.Tokens(ctx)
	if err != nil {
		return err
	}
	first := users[0]
	if len(users) > 1 || len(tokens) > 0 || !first.Admin || first.Name != name {
		return nil // somebody has set this store up
	}
	plain, ok := readToken(tokenPath)
	if !ok {
		plain, _ = session.NewToken()
		if err := writeToken(tokenPath, plain); err != nil {
			return fmt.Errorf("cannot write the first token: %w", err)
		}
	}
	_, err = store.CreateToken(ctx, db.NewToken{
		UserID: first.ID, Label: firstLabel, Hash: session.HashToken(plain),
	})
	return err
}

// osUserName is who runs this, as far as that makes a user name here.
func osUserName() string {
	if u, err := user.Current(); err == nil {
		if name := strings.ToLower(u.Username); userName.MatchString(name) {
			return name
		}
	}
	return "admin"
}

// readToken takes a token only from a file that nobody else could read or have
// put there.
func readToken(path string) (plain string, ok bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || info.Size() > 256 {
		return "", false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	plain = strings.TrimSuffix(string(text), "\n")
	return plain, tokenText.MatchString(plain)
}

// writeToken puts the file there whole and durably, or not at all. CreateTemp
// makes it with mode 0600 and O_EXCL.
func writeToken(path, plain string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(plain + "\n")
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// howToCall tells a newcomer the next step: the curl line that reads the first
// token from its file as long as that is valid, else how to get a token.
func (s *settings) howToCall(ctx context.Context, store *db.Store, tokenPath, url string) (string, error) {
	users, err := store.Users(ctx)
	if err != nil {
		return "", err
	}
	if len(users) == 0 {
		return fmt.Sprintf("There are no users yet. Make the first one and a token:\n  %s\n  %s\n",
			s.commandLine("user", "add", osUserName(), "--admin"),
			s.commandLine("token", "create", "--user", osUserName())), nil
	}
	if plain, ok := readToken(tokenPath); ok && store.Dialect() == db.SQLite {
		t, err := store.TokenByHash(ctx, session.HashToken(plain))
		if err == nil && t.RevokeTime == nil && (t.ExpireTime == nil || time.Now().Before(*t.ExpireTime)) {
			return fmt.Sprintf("Try it:\n  curl -H \"Authorization: Bearer $(cat %s)\" %s/api/sessions\n",
				quoteAlways(tokenPath), url), nil
		}
	}
	return fmt.Sprintf("Calls need a token:\n  %s\n", s.commandLine("token", "create", "--user", users[0].Name)), nil
}

// commandLine is a command of this program on the same store, to be pasted
// into a shell. The database's URL is left out: it is a secret, and belongs in
// the environment.
func (s *settings) commandLine(args ...string) string {
	words := append([]string{os.Args[0]}, args...)
	if s.DatabaseURL == "" && s.DataDir != s.environDataDir {
		words = append(words, "--data-dir", s.DataDir)
	}
	for i, w := range words {
		if !plainWord.MatchString(w) {
			words[i] = quoteAlways(w)
		}
	}
	return strings.Join(words, " ")
}

var plainWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+-]+$`)

func quoteAlways(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
