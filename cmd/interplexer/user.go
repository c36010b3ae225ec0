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

// userNamePattern matches the names that are safe in paths, logs and shells.
var userNamePattern = regexp.MustCompile(`^[a-z0-9_][a-z0-9_.-]{0,31}$`)

const userNameRule = "it must be 1 to 32 of a-z, 0-9, _, . and -, and start with a letter, a digit or _"

func newUser(s *settings) *cobra.Command {
	return newGroup("user", "Add and list users", newUserAdd(s), newUserList(s))
}

func newUserAdd(s *settings) *cobra.Command {
	var admin bool
	cmd := &cobra.Command{
		Use:   "add NAME",
		Short: "Add a user",
		Long: `Adds a user. A user needs a token to call the service: create one with
'interplexer token create'. A running service knows the new user at once.`,
		Example: "  interplexer user add alice\n  interplexer user add root --admin",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			name := args[0]
			if !userNamePattern.MatchString(name) {
				return usagef("bad user name %q: %s", name, userNameRule)
			}
			return s.withStore(cmd, func(ctx context.Context, store *db.Store) error {
				_, err := store.CreateUser(ctx, name, admin)
				if errors.Is(err, db.ErrConflict) {
					return fmt.Errorf("there is already a user %q", name)
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
	return newListCommand(s, "List the users", (*db.Store).Users, userTable, usersToJSON)
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

// userJSON is a user as --json prints it.
type userJSON struct {
	ID         int64     `json:"id"`
	Name       string    `json:"name"`
	Admin      bool      `json:"admin"`
	CreateTime time.Time `json:"create_time"`
}

func usersToJSON(users []db.User) any {
	list := make([]userJSON, 0, len(users)) // empty is [], not null
	for _, u := range users {
		list = append(list, userJSON(u))
	}
	return list
}
