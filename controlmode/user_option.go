package controlmode

import (
	"errors"
	"fmt"
	"regexp"
)

// Errors of user options; nothing was sent.
var (
	// ErrOptionName: the name of a user option is not "@" and letters, digits,
	// "_" and "-".
	ErrOptionName = errors.New("controlmode: not a user option's name")
	// ErrPlainName: a session that is to have user options from the start must
	// be named by letters, digits, "_", "-" and blanks.
	ErrPlainName = errors.New("controlmode: not a plain session name")
)

var (
	optionName = regexp.MustCompile("^@[A-Za-z0-9_-]+$")
	plainName  = regexp.MustCompile("^[A-Za-z0-9_ -]+$")
)

// checkOption refuses what tmux would expand: set-option runs #(cmd) in an
// option's name, and a list does in the #{name} that asks for its value.
func checkOption(name string) error {
	if !optionName.MatchString(name) {
		return fmt.Errorf("%w: %q", ErrOptionName, name)
	}
	return nil
}

// checkOptions refuses what set-option, in the line that makes the session,
// would not do to that session: tmux finds it by the name that it was given,
// while it may have changed that ("." and ":", control characters), or may read
// it as another session's id ("$0"). And in its error it would print the name
// as it is, where only text of tmux's own is expected (see frame).
func (o NewSessionOptions) checkOptions() error {
	if (len(o.Options) > 0 || o.Keep) && !plainName.MatchString(o.Name) {
		return fmt.Errorf("%w: %q", ErrPlainName, o.Name)
	}
	for name := range o.Options {
		if err := checkOption(name); err != nil {
			return err
		}
	}
	return nil
}
