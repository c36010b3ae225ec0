package main

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"interplexer/api/client"
)

// The exit codes of this program besides 0. run and exec also exit with the
// status of the command that they ran.
const (
	exitFailure     = 1
	exitUsage       = 2
	exitNotFound    = 3   // no such session
	exitUnavailable = 4   // the service cannot be reached, is busy or failed
	exitTimeout     = 124 // the time of a run, an exec or a wait is up, as timeout(1) reports it
)

// usageError is a mistake in the command line or the settings, found before the
// command did anything. Its exit code is exitUsage.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, a ...any) error { return usageError{fmt.Errorf(format, a...)} }

// exitError is an error with an exit code of its own.
type exitError struct {
	code int
	error
}

func (e exitError) Unwrap() error { return e.error }

// errSilent ends the program without an error message.
var errSilent = errors.New("exit without a message")

// exitCode returns the exit code for an error of a command that had started.
func exitCode(err error) int {
	var exit exitError
	var refused *client.Error
	var network *url.Error
	switch {
	case errors.As(err, &exit):
		return exit.code
	case errors.As(err, &refused) && refused.Problem.Status == 404:
		return exitNotFound
	case errors.As(err, &refused) && (refused.Problem.Status == 429 || refused.Problem.Status >= 500),
		errors.As(err, &network), errors.Is(err, client.ErrStopping):
		return exitUnavailable
	}
	return exitFailure
}

// withTimeoutCode gives err the code exitTimeout if the service reports that the
// time of the request is up.
func withTimeoutCode(err error) error {
	var refused *client.Error
	if errors.As(err, &refused) && strings.HasSuffix(refused.Kind(), "-timeout") {
		return exitError{exitTimeout, err}
	}
	return err
}

// oneLine returns the text of err without line breaks. Joined errors and
// database messages have some.
func oneLine(err error) string {
	lines := strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' })
	for i, line := range lines {
		lines[i] = strings.TrimSpace(line)
	}
	return strings.Join(lines, "; ")
}
