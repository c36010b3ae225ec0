package db

import "time"

// The times of this package, from the shortest to the longest. Those of one call
// depend on each other: cancelGrace is shorter than any sensible query timeout,
// and a call to Postgres ends within the query timeout plus cancelGrace. A silent
// Watch notices a dead connection within pingInterval plus one such call.
const (
	// lockInterval is the pause between two attempts to lock a SQLite file
	// while another process opens it.
	lockInterval = 10 * time.Millisecond

	// retryMin is the first pause before Watch reconnects. Each further pause
	// doubles, up to retryMax.
	retryMin = 50 * time.Millisecond

	// defaultWatchInterval is the value of Options.WatchInterval when it is 0.
	defaultWatchInterval = 100 * time.Millisecond

	// cancelGrace is how long a connection to Postgres stays open after its
	// query was given up. It is long enough for the server to act on the cancel
	// request, so that the query does not run on there.
	cancelGrace = 500 * time.Millisecond

	// pingInterval is how often Watch pings its connection to Postgres.
	pingInterval = time.Second

	retryMax = time.Second

	// defaultQueryTimeout is the value of Options.QueryTimeout when it is 0.
	defaultQueryTimeout = 3 * time.Second

	// migrateTimeout bounds one statement of a migration on Postgres.
	migrateTimeout = time.Minute

	// idleConnTimeout and connLifetime close pooled connections to Postgres.
	idleConnTimeout = 5 * time.Minute
	connLifetime    = 30 * time.Minute
)
