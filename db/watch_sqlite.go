package db

import (
	"context"
	"time"

	"github.com/jmoiron/sqlx"
)

// watchSQLite polls the file every WatchInterval until a query fails or ctx is
// done. It calls emit with Resync once it has read the first versions, and then
// with Changed.
func (s *Store) watchSQLite(ctx context.Context, emit func(ChangeKind)) error {
	p, err := s.newPoller(ctx)
	if err != nil {
		return err
	}
	defer p.close()
	emit(Resync)
	tick := time.NewTicker(s.options.WatchInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
		changed, err := p.poll(ctx)
		if err != nil {
			return err
		}
		if changed {
			emit(Changed)
		}
	}
}

// poller notices changes to users and tokens in a SQLite file.
//
// It has a connection of its own. PRAGMA data_version changes only when another
// connection commits. Since this one never writes, it sees all commits, those of
// its own process included. The pragma reads shared memory alone. It moves for
// every table, so the counter, which moves only for users and tokens, is read as
// well, but only when the pragma has moved.
type poller struct {
	timeout time.Duration // for one query
	pool    *sqlx.DB
	conn    *sqlx.Conn

	dataVersion, counter         *sqlx.Stmt
	lastDataVersion, lastCounter int64
}

func (s *Store) newPoller(ctx context.Context) (*poller, error) {
	pool, err := sqlx.Open(SQLite, s.readOnlySource())
	if err != nil {
		return nil, err
	}
	p := &poller{timeout: s.options.QueryTimeout, pool: pool}
	if err := p.connect(ctx); err != nil {
		p.close()
		return nil, err
	}
	return p, nil
}

func (p *poller) connect(ctx context.Context) (err error) {
	if p.conn, err = p.pool.Connx(ctx); err != nil {
		return err
	}
	// In the order of poll: the pragma first.
	if p.dataVersion, err = p.conn.PreparexContext(ctx, "PRAGMA data_version"); err != nil {
		return err
	}
	if p.lastDataVersion, err = p.query(ctx, p.dataVersion); err != nil {
		return err
	}
	if p.counter, err = p.conn.PreparexContext(ctx, "SELECT version FROM changes"); err != nil {
		return err
	}
	p.lastCounter, err = p.query(ctx, p.counter)
	return err
}

// poll reports whether users or tokens have changed since the last call.
func (p *poller) poll(ctx context.Context) (changed bool, err error) {
	dataVersion, err := p.query(ctx, p.dataVersion)
	if err != nil || dataVersion == p.lastDataVersion {
		return false, err
	}
	counter, err := p.query(ctx, p.counter)
	if err != nil {
		return false, err
	}
	// A commit between the two queries moves data_version again, so that the
	// next call sees it.
	p.lastDataVersion = dataVersion
	changed = counter != p.lastCounter
	p.lastCounter = counter
	return changed, nil
}

func (p *poller) query(ctx context.Context, stmt *sqlx.Stmt) (version int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, p.timeout)
	defer cancel()
	err = stmt.GetContext(ctx, &version)
	return version, err
}

// close frees what connect has opened. The connection only reads, so an error
// loses nothing.
func (p *poller) close() {
	for _, stmt := range []*sqlx.Stmt{p.counter, p.dataVersion} {
		if stmt != nil {
			_ = stmt.Close()
		}
	}
	if p.conn != nil {
		_ = p.conn.Close()
	}
	_ = p.pool.Close()
}
