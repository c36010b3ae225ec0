package ptyprocess

import "syscall"

// clientAttributes make the client the leader of a session of its own with the pty as
// its terminal. They also have the kernel kill it when we die, so that no client and
// no anchor session outlives us.
func clientAttributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Setctty: true, Pdeathsig: syscall.SIGKILL}
}
