package faults

import (
	"errors"
	"fmt"
	"strings"
	"syscall"
)

// Faults of the control clients.
var (
	CommandClientKilled = Fault{
		Name:   "command client killed",
		Effect: Effect{Replaces: CommandClient},
		Inject: killClients(CommandClient),
	}
	// CommandClientStopped stops the process only: the tmux server has its terminal,
	// so that the connection goes on.
	CommandClientStopped = Fault{
		Name:   "command client stopped",
		Effect: Effect{Hidden: true},
		Inject: stopClients(CommandClient),
	}
	HubKilled = Fault{
		Name:   "hub killed",
		Effect: Effect{Hidden: true, Replaces: HubClient},
		Inject: killClients(HubClient),
	}
	HubStopped = Fault{
		Name:   "hub stopped",
		Effect: Effect{Hidden: true},
		Inject: stopClients(HubClient),
	}
	ClientsKilled = Fault{
		Name:   "both clients killed",
		Effect: Effect{Replaces: BothClients},
		Inject: killClients(BothClients),
	}
	// CommandQueueStuck sets a hook that waits for ever, so that the server runs no
	// more commands of the client.
	CommandQueueStuck = Fault{
		Name:   "command client's queue stuck",
		Effect: Effect{Replaces: CommandClient},
		Inject: func(s *System) (func() error, error) {
			_, err := s.Tmux("set-hook", "-g", "after-list-panes", "wait-for nobody")
			return func() error {
				_, err := s.Tmux("set-hook", "-gu", "after-list-panes")
				return err
			}, err
		},
	}
	CommandClientDetached = Fault{
		Name:   "command client detached",
		Effect: Effect{Replaces: CommandClient},
		Inject: alone(func(s *System) error { return onClient(s, CommandClient, "client_name", "detach-client") }),
	}
	HubDetached = Fault{
		Name:   "hub detached",
		Effect: Effect{Hidden: true, Replaces: HubClient},
		Inject: alone(func(s *System) error { return onClient(s, HubClient, "client_name", "detach-client") }),
	}
	CommandClientSessionKilled = Fault{
		Name:   "command client's session killed",
		Effect: Effect{Replaces: CommandClient},
		Inject: alone(func(s *System) error { return onClient(s, CommandClient, "session_id", "kill-session") }),
	}
	HubSessionKilled = Fault{
		Name:   "hub's session killed",
		Effect: Effect{Hidden: true, Replaces: HubClient},
		Inject: alone(func(s *System) error { return onClient(s, HubClient, "session_id", "kill-session") }),
	}
	// ClientsKilledTmuxStopped: an attach waits for the tmux server, which runs again
	// after the fault only.
	ClientsKilledTmuxStopped = Fault{
		Name:   "clients killed, tmux server stopped",
		Effect: Effect{Replaces: BothClients},
		Inject: killClientsOfStopped(BothClients),
	}
	CommandClientKilledTmuxStopped = Fault{
		Name:   "command client killed, tmux server stopped",
		Effect: Effect{Replaces: CommandClient},
		Inject: killClientsOfStopped(CommandClient),
	}
)

// clientsOf returns the processes of control clients.
func clientsOf(s *System, kinds ClientKind) (pids []int, err error) {
	command, hub, err := s.Clients()
	if kinds&CommandClient != 0 {
		pids = append(pids, command...)
	}
	if kinds&HubClient != 0 {
		pids = append(pids, hub...)
	}
	return pids, err
}

func killClients(kinds ClientKind) inject {
	return alone(func(s *System) error {
		pids, err := clientsOf(s, kinds)
		if err != nil {
			return err
		}
		return signal(syscall.SIGKILL, pids...)
	})
}

// killClientsOfStopped kills clients after it has stopped the tmux server.
func killClientsOfStopped(kinds ClientKind) inject {
	return func(s *System) (func() error, error) {
		pids, err := clientsOf(s, kinds)
		if err != nil {
			return nil, err
		}
		undo, err := stopTmux(s)
		return undo, errors.Join(err, signal(syscall.SIGKILL, pids...))
	}
}

func stopClients(kinds ClientKind) inject {
	return func(s *System) (func() error, error) {
		pids, err := clientsOf(s, kinds)
		if err != nil {
			return nil, err
		}
		return stop(pids...)
	}
}

// onClient runs a tmux command whose target is a property of a control client.
func onClient(s *System, kind ClientKind, property, command string) error {
	pids, err := clientsOf(s, kind)
	if err != nil {
		return err
	}
	list, err := s.Tmux("list-clients", "-F", "#{client_pid} #{"+property+"}")
	if err != nil {
		return err
	}
	for line := range strings.Lines(list) {
		if pid, target, _ := strings.Cut(strings.TrimSpace(line), " "); pid == fmt.Sprint(pids[0]) {
			_, err := s.Tmux(command, "-t", target)
			return err
		}
	}
	return fmt.Errorf("faults: tmux has no client %d", pids[0])
}
