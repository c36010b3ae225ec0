package faults

import (
	"strings"
	"syscall"
)

// Faults of sessions.
var (
	ProgramExits = Fault{
		Name:   "program of a session exits",
		Effect: Effect{Hidden: true, Ends: EndsSession},
		Inject: onSession(func(s *System, one Session) error { return signal(syscall.SIGKILL, one.PID) }),
	}
	SessionKilled = Fault{
		Name:   "session killed in tmux",
		Effect: Effect{Hidden: true, Ends: EndsSession},
		Inject: onSession(func(s *System, one Session) error {
			_, err := s.Tmux("kill-session", "-t", one.Target)
			if err != nil && strings.Contains(err.Error(), "can't find session") {
				return ErrNoSession
			}
			return err
		}),
	}
	PaneKilled = Fault{
		Name:   "active pane killed, another left",
		Effect: Effect{Hidden: true},
		Inject: replaceInSession("split-window", "kill-pane"),
	}
	WindowKilled = Fault{
		Name:   "active window killed, another left",
		Effect: Effect{Hidden: true},
		Inject: replaceInSession("new-window", "kill-window"),
	}
	SessionRenamed = Fault{
		Name:   "session renamed in tmux",
		Effect: Effect{Hidden: true},
		Inject: onSession(func(s *System, one Session) error {
			_, err := s.Tmux("rename-session", "-t", one.Target, "theirs")
			return err
		}),
	}
	PanesFlood = Fault{
		Name: "panes flood", Needs: NeedsFlooders,
		Inject: alone(func(s *System) error {
			pids, err := s.Flooders()
			if err != nil {
				return err
			}
			return signal(syscall.SIGUSR1, pids...)
		}),
	}
)

func onSession(do func(*System, Session) error) inject {
	return alone(func(s *System) error {
		one, err := s.Session()
		if err != nil {
			return err
		}
		return do(s, one)
	})
}

// replaceInSession runs a command that makes a second pane or window, which echoes
// its input, and one that kills the first.
func replaceInSession(create, kill string) inject {
	return onSession(func(s *System, one Session) error {
		if _, err := s.Tmux(create, "-d", "-t", one.Target, "stty raw -echo; exec cat"); err != nil {
			return err
		}
		_, err := s.Tmux(kill, "-t", one.Target)
		return err
	})
}
