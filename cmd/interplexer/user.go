package main

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/spf13/cobra"

	"interplexer/db"
)

// userName keeps names safe in paths, logs and shells, should they get there.
var userName = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,31}$`)

const userNameRule = "it must be 1 to 32 of a-z, 0-9, _, . and -, and start with a letter, a digit or _"

func newUser(s *settings) *cobra.Command {
	return newGroup("user", "Add and list users", newUserAdd(s), newUserList(s))
}

func newUserAdd(s *settings) *cobra.Command {
	var admin bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Adds a user, who can do nothing before a token is made for them. A server that
is running knows the user at once.`,
		Example: "  interplexer user add alice\n  interplexer user add root --admin",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if !userName.MatchString(name) {
				return usagef("bad user name %q: %s", name, userNameRule)
			}
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				_, err := store.CreateUser(ctx, name, admin)
				if errors.Is(err, db.ErrConflict) {
					return fmt.Errorf("there is a user %q already", name)
				}
				return err
			})
		},
	}
	cmd.Flags().BoolVar(&admin, "admin", false, "let the user read the service's metrics")
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

func newUserList(s *settings) *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the users",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				users, err := store.Users(ctx)
				if err != nil {
					return err
				}
				if asJSON {
					return writeJSON(cmd.OutOrStdout(), userJSONs(users))
				}
				return writeTable(cmd.OutOrStdout(), userTable(users))
			})
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print a JSON array")
	s.addFlags(cmd, (*settings).storeFlags)
	return cmd
}

type userJSON struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Admin      bool      `json:"admin"`
	CreateTime time.Time `json:"create_time"`
}

func userJSONs(users []db.User) []userJSON {
	list := make([]userJSON, 0, len(users)) // empty is [], not null
	for _, u := range users {
		list = append(list, userJSON(u))
	}
	return list
}

func userTable(users []db.User) [][]string {
	rows := [][]string{{"ID", "NAME", "ADMIN", "CREATED"}}
	for _, u := range users {
		admin := "no"
		if u.Admin {
			admin = "yes"
		}
		rows = append(rows, []string{fmt.Sprint(u.ID), u.Name, admin, timeCell(&u.CreateTime, "")})
	}
	return rows
}
