//go:build !linux

package ptyprocess

import "syscall"

// clientAttributes make the client the leader of a session of its own with the pty as
// its terminal, which hangs up when we die.
func clientAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: true}
}
