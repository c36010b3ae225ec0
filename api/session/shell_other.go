//go:build !linux

package session

import (
	"context"
)

// Commands are run on Linux only: elsewhere nothing tells what is in a terminal's
// foreground, and whether it waits at its prompt. No pane has a shell here.

type shellTerminal struct{ shell shell }

func openShellTerminal(string, int) (*shellTerminal, error) { return nil, ErrNoShell }

func (*shellTerminal) close()                            {}
func (*shellTerminal) alive() bool                       { return false }
func (*shellTerminal) holdsScript() bool                 { return false }
func (*shellTerminal) awaitPrompt(context.Context) error { return ErrNoShell }
func (*shellTerminal) awaitRead(context.Context)         {}
func (*shellTerminal) show(string) error                 { return ErrNoShell }

type script struct{ typed string }

func keepScript(string, shell, RunOptions, marks) (*script, error) { return nil, ErrNoShell }

func (*script) reports() <-chan string { return nil }
func (*script) renew() error           { return nil }
func (*script) close(bool)             {}
