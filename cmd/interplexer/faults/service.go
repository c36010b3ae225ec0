package faults

import (
	"errors"
	"syscall"
)

// Faults of the service's process and of its files.
var (
	ServiceKilled = Fault{
		Name:   "service killed",
		Effect: Effect{Severs: true, Replaces: BothClients},
		Inject: killService,
	}
	ServiceStopped = Fault{
		Name:   "service stopped",
		Effect: Effect{Hidden: true}, // requests wait
		Inject: func(s *System) (func() error, error) { return stop(s.Service.PID()) },
	}
	ServiceRestarted = Fault{
		Name:   "service restarted",
		Effect: Effect{Severs: true, Replaces: BothClients},
		Inject: func(s *System) (func() error, error) { return s.Service.Start, s.Service.Stop() },
	}
	// ServiceKilledTmuxStopped: the new service starts while the tmux server does not
	// answer.
	ServiceKilledTmuxStopped = Fault{
		Name:   "service killed, tmux server stopped",
		Effect: Effect{Severs: true, Replaces: BothClients},
		Inject: inTurn(stopTmux, alone(func(s *System) error {
			s.Service.Kill()
			return s.Service.Start()
		})),
	}
	TmuxAndServiceKilled = Fault{
		Name:   "tmux server and service killed",
		Effect: Effect{Severs: true, Ends: EndsAll, Replaces: BothClients},
		Inject: func(s *System) (func() error, error) {
			pid, err := s.TmuxServer()
			if err != nil {
				return nil, err
			}
			err = signal(syscall.SIGKILL, pid)
			s.Service.Kill()
			return s.Service.Start, errors.Join(err, waitUntil(func() bool { return !Alive(pid) }))
		},
	}
	ServiceNoDescriptors = Fault{
		Name:   "service out of file descriptors, command client killed",
		Effect: Effect{Replaces: CommandClient},
		Inject: inTurn(func(s *System) (func() error, error) {
			return s.limit(s.Service.PID(), "nofile", 3, 1024)
		}, killClients(CommandClient)),
	}
	SecondService = Fault{
		Name:   "second service on the same socket",
		Effect: Effect{Hidden: true},
		Inject: alone(func(s *System) error { return s.Service.Second() }),
	}
	// TempFolderGone: input does not need the folder, it passes through memory.
	TempFolderGone = Fault{
		Name:   "folder for temporary files gone",
		Effect: Effect{Hidden: true},
		Inject: func(s *System) (func() error, error) { return rename(s.TempFolder) },
	}
)

func killService(s *System) (func() error, error) {
	s.Service.Kill()
	return s.Service.Start, nil
}
