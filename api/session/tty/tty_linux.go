package tty

import "golang.org/x/sys/unix"

const (
	unreadBytes = unix.TIOCINQ // FIONREAD
	getTermios  = unix.TCGETS
)
