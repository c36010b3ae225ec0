package main

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode"

	"github.com/spf13/cobra"

	"interplexer/api/access"
	"interplexer/db"
)

func newToken(s *settings) *cobra.Command {
	return newGroup("token", "Create, list and revoke tokens of users",
		newTokenCreate(s), newTokenList(s), newTokenRevoke(s))
}

func newTokenCreate(s *settings) *cobra.Command {
	var user, label string
	var expires time.Duration
	cmd := &cobra.Command{
		Use:   "create --user NAME",
		Short: "Create a token and print it",
		Long: `Creates a token, the credential of a user, and prints it and nothing else. The
store keeps only its hash, so the token cannot be shown again.`,
		Example: `  interplexer token create --user alice --label laptop --expires 720h
  (umask 077; interplexer token create --user alice > alice.token)`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n := db.NewToken{Label: label}
			if cmd.Flags().Changed("expires") {
				at := time.Now().Add(expires)
				n.ExpireTime = &at
			}
			if err := checkToken(user, label, n.ExpireTime, expires); err != nil {
				return err
			}
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				token, err := createToken(ctx, store, user, n)
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), token)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&user, "user", "", "`name` of the user that the token is for")
	cmd.Flags().StringVar(&label, "label", "", "`text` that token list shows with the token")
	cmd.Flags().DurationVar(&expires, "expires", 0, "`time` for which the token is valid, such as 720h (default for ever)")
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

// checkToken returns a usage error for flags that no token can be made of.
func checkToken(user, label string, expire *time.Time, expires time.Duration) error {
	switch {
	case user == "":
		return usagef("--user is missing: name the user that the token is for")
	case expire != nil && expires <= 0:
		return usagef("--expires is %s: it must be in the future", expires)
	case len(label) > 100:
		return usagef("--label is too long: at most 100 bytes")
	}
	for _, r := range label {
		if !unicode.IsPrint(r) { // also invalid UTF-8
			return usagef("--label is %q: it must be printable text", label)
		}
	}
	return nil
}

// createToken stores a new token of the user and returns its secret text.
func createToken(ctx context.Context, store *db.Store, user string, n db.NewToken) (token string, err error) {
	u, err := store.UserByName(ctx, user)
	if errors.Is(err, db.ErrNotFound) {
		return "", fmt.Errorf("there is no user %q: add it with 'interplexer user add'", user)
	}
	if err != nil {
		return "", err
	}
	n.UserID = u.ID
	token, n.Hash = access.NewToken()
	_, err = store.CreateToken(ctx, n)
	return token, err
}

func newTokenList(s *settings) *cobra.Command {
	return newListCommand(s, "List the tokens without their secret text", (*db.Store).Tokens, tokenTable, tokensToJSON)
}

func tokenTable(tokens []db.Token) [][]string {
	rows := [][]string{{"ID", "USER", "STATE", "CREATED", "EXPIRES", "LAST USE", "LABEL"}}
	now := time.Now()
	for _, t := range tokens {
		state := "valid"
		switch {
		case t.RevokeTime != nil:
			state = "revoked"
		case t.ExpireTime != nil && !now.Before(*t.ExpireTime):
			state = "expired"
		}
		rows = append(rows, []string{
			fmt.Sprint(t.ID), t.User.Name, state, timeCell(&t.CreateTime, ""),
			timeCell(t.ExpireTime, "never"), timeCell(t.LastUseTime, "never"), t.Label,
		})
	}
	return rows
}

// tokenJSON is a token as --json prints it.
type tokenJSON struct {
	ID          int64      `json:"id"`
	User        string     `json:"user"`
	Label       string     `json:"label"`
	CreateTime  time.Time  `json:"create_time"`
	ExpireTime  *time.Time `json:"expire_time"`
	RevokeTime  *time.Time `json:"revoke_time"`
	LastUseTime *time.Time `json:"last_use_time"`
}

func tokensToJSON(tokens []db.Token) any {
	list := make([]tokenJSON, 0, len(tokens)) // empty is [], not null
	for _, t := range tokens {
		list = append(list, tokenJSON{
			ID: t.ID, User: t.User.Name, Label: t.Label, CreateTime: t.CreateTime,
			ExpireTime: t.ExpireTime, RevokeTime: t.RevokeTime, LastUseTime: t.LastUseTime,
		})
	}
	return list
}

func newTokenRevoke(s *settings) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "revoke ID",
		Short:   "Revoke a token, at once and for ever",
		Long:    "Revokes the token with this id, as 'interplexer token list' shows it. A running\nservice refuses the token at once.",
		Example: "  interplexer token revoke 3",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			id, err := strconv.ParseInt(args[0], 10, 64)
			if err != nil || id <= 0 {
				// The message leaves the argument out: it could be a token.
				return usagef("the argument is not a token's id: it must be a number that 'interplexer token list' shows")
			}
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				err := store.RevokeToken(ctx, id, time.Now())
				if errors.Is(err, db.ErrNotFound) {
					return fmt.Errorf("there is no token %d", id)
				}
				return err
			})
		},
	}
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}
