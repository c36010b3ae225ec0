//go:build !linux

package shellrun

import (
	"context"
	"os"

	"interplexer/api/session"
)

// Commands are run on Linux only: elsewhere nothing says which program is in a
// terminal's foreground, and whether it waits at its prompt. No pane has a shell
// here.

type shellTerminal struct{ shell shell }

func openShellTerminal(string, int) (*shellTerminal, error) { return nil, session.ErrNoShell }

func (*shellTerminal) close()                            {}
func (*shellTerminal) alive() bool                       { return false }
func (*shellTerminal) hasScriptOpen() bool               { return false }
func (*shellTerminal) awaitPrompt(context.Context) error { return session.ErrNoShell }
func (*shellTerminal) awaitRead(context.Context)         {}
func (*shellTerminal) write(string) error                { return session.ErrNoShell }

type files struct{}

func newFiles(string) (*files, error) { return nil, session.ErrNoShell }

func (*files) reportPath() string          { return "" }
func (*files) text(string) (string, error) { return "", session.ErrNoShell }
func (*files) reports() <-chan string      { return nil }
func (*files) renew() error                { return nil }
func (*files) close(bool)                  {}

type program struct {
	*files
	path string
	gate *os.File
}

func newProgram(string, session.ExecOptions, marks) (*program, error) { return nil, session.ErrNoShell }

func (*program) watch(int)    {}
func (*program) alive() bool  { return false }
func (*program) gaveUp() bool { return false }
func (*program) renewFiles()  {}
func (*program) undoTyping()  {}
