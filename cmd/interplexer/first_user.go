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

	"interplexer/api/access"
	"interplexer/db"
)

// firstTokenLabel is the label of the token that createFirstUser makes.
const firstTokenLabel = "first"

var tokenPattern = regexp.MustCompile(`^ipx_[A-Za-z0-9_-]{43}$`)

// createFirstUser creates an administrator named after the OS user, in a SQLite
// store that has no users yet, and writes a token of theirs to the file tokenPath.
//
// It creates the user, then the file, then the token. After a crash between two
// of these steps, the next start completes the rest: a token is valid only once
// it is in the file, and a token in the file becomes valid.
func createFirstUser(ctx context.Context, store *db.Store, tokenPath string) error {
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
	token, ok := readToken(tokenPath)
	if !ok {
		token, _ = access.NewToken()
		if err := writeToken(tokenPath, token); err != nil {
			return fmt.Errorf("cannot write the first token: %w", err)
		}
	}
	_, err = store.CreateToken(ctx, db.NewToken{
		UserID: first.ID, Label: firstTokenLabel, Hash: access.HashToken(token),
	})
	return err
}

// osUserName returns the name of the OS user that runs this program, or "admin"
// if that is no user name here.
func osUserName() string {
	if u, err := user.Current(); err == nil {
		if name := strings.ToLower(u.Username); userNamePattern.MatchString(name) {
			return name
		}
	}
	return "admin"
}

// readToken reads a token from a file. It takes only a regular file that other
// users can neither read nor write.
func readToken(path string) (token string, ok bool) {
	info, err := os.Lstat(path)
	if err != nil || !info.Mode().IsRegular() || info.Mode().Perm()&0o077 != 0 || info.Size() > 256 {
		return "", false
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", false
	}
	token = strings.TrimSuffix(string(text), "\n")
	return token, tokenPattern.MatchString(token)
}

// writeToken writes the file durably, and whole or not at all. CreateTemp creates
// it with mode 0600 and O_EXCL.
func writeToken(path, token string) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".token-*")
	if err != nil {
		return err
	}
	_, err = f.WriteString(token + "\n")
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

// nextStep returns the text with which serve tells a new user how to call it: the
// curl command that reads the first token from its file while that token is valid,
// else the commands that create a user or a token.
func (s *settings) nextStep(ctx context.Context, store *db.Store, tokenPath, url string) (string, error) {
	users, err := store.Users(ctx)
	if err != nil {
		return "", err
	}
	if len(users) == 0 {
		return fmt.Sprintf("There are no users yet. Create the first one and a token:\n  %s\n  %s\n",
			s.commandLine("user", "add", osUserName(), "--admin"),
			s.commandLine("token", "create", "--user", osUserName())), nil
	}
	if token, ok := readToken(tokenPath); ok && store.Dialect() == db.SQLite {
		t, err := store.TokenByHash(ctx, access.HashToken(token))
		if err == nil && t.RevokeTime == nil && (t.ExpireTime == nil || time.Now().Before(*t.ExpireTime)) {
			return fmt.Sprintf("Try it:\n  curl -H \"Authorization: Bearer $(cat %s)\" %s/api/sessions\n",
				shellQuote(tokenPath), url), nil
		}
	}
	return fmt.Sprintf("Calls need a token:\n  %s\n", s.commandLine("token", "create", "--user", users[0].Name)), nil
}

// commandLine returns a command of this program on the same store, quoted for a
// shell. It leaves out the database's URL, a secret that belongs in the
// environment.
func (s *settings) commandLine(args ...string) string {
	words := append([]string{os.Args[0]}, args...)
	if s.DatabaseURL == "" && s.DataDir != s.envDataDir {
		words = append(words, "--data-dir", s.DataDir)
	}
	for i, w := range words {
		if !unquotedWord.MatchString(w) {
			words[i] = shellQuote(w)
		}
	}
	return strings.Join(words, " ")
}
