//go:build !linux

package tty

import "golang.org/x/sys/unix"

const (
	unreadBytes = 0x4004667f // FIONREAD of macOS and the BSDs
	getTermios  = unix.TIOCGETA
)
