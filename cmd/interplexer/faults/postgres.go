package faults

import "syscall"

// Faults of the store. SQLite has none: it is a file that the service has open.
var (
	PostgresKilled = Fault{
		Name: "Postgres killed", Needs: NeedsPostgres,
		Inject: killPostgres,
	}
	// PostgresStopped: the kernel accepts connections, and nothing answers on them.
	PostgresStopped = Fault{
		Name: "Postgres stopped", Needs: NeedsPostgres,
		Inject: func(s *System) (func() error, error) {
			return func() error { return s.Postgres.Signal(syscall.SIGCONT) }, s.Postgres.Signal(syscall.SIGSTOP)
		},
	}
	TmuxAndPostgresKilled = Fault{
		Name: "tmux server and Postgres killed", Needs: NeedsPostgres,
		Effect: Effect{Ends: EndsAll, Replaces: BothClients},
		Inject: inTurn(killPostgres, alone(func(s *System) error { return endTmux(s, syscall.SIGKILL) })),
	}
)

func killPostgres(s *System) (func() error, error) { return s.Postgres.Start, s.Postgres.Kill() }
