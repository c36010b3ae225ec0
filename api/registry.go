package api

import (
	"context"
	"time"

	"interplexer/api/idempotency"
	"interplexer/api/session"
	"interplexer/api/session/live"
	"interplexer/api/session/registry"
)

// Registry is the domain as the API uses it. *registry.Registry implements it;
// the tests of the contract have another.
type Registry interface {
	Sessions
	Records
	Panes
	Captures
	Windows
	Layout
}

// Sessions creates, shows and ends sessions.
type Sessions interface {
	Create(ctx context.Context, p session.Principal, o session.CreateOptions) (session.Session, error)
	Get(ctx context.Context, p session.Principal, id int64) (session.Session, error)
	List(ctx context.Context, p session.Principal) ([]session.Session, error)
	End(ctx context.Context, p session.Principal, id int64) error
	Feed(ctx context.Context, p session.Principal) (*registry.Feed, error)
}

// Records reads and edits the stored records of sessions.
type Records interface {
	Page(ctx context.Context, p session.Principal, o session.PageOptions) (session.Page, error)
	Edit(ctx context.Context, p session.Principal, id int64, e session.Edit) (session.Session, error)
}

// Keys stores responses, so that a request with an Idempotency-Key is carried out
// once. *idempotency.Keys implements it.
type Keys interface {
	Begin(ctx context.Context, p session.Principal, key string, request [32]byte) (*idempotency.StoredResponse, error)
	End(ctx context.Context, p session.Principal, key string, r *idempotency.StoredResponse) error
}

// Panes reads from panes and types into them.
type Panes interface {
	Screen(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (session.Snapshot, error)
	Lines(ctx context.Context, p session.Principal, id int64, o session.LinesOptions, each func([]byte) error) error
	View(ctx context.Context, p session.Principal, id int64, pane string) (*live.Viewer, error)
	Send(ctx context.Context, p session.Principal, id int64, in session.Input) error
	Resize(ctx context.Context, p session.Principal, id int64, width, height int) error
}

// Captures watches a pane's screen in a given format.
type Captures interface {
	ViewAs(ctx context.Context, p session.Principal, id int64, o session.CaptureOptions) (*live.Viewer, error)
}

// Windows lists and changes a session's windows.
type Windows interface {
	Windows(ctx context.Context, p session.Principal, id int64) (session.Session, error)
	CreateWindow(ctx context.Context, p session.Principal, id int64, n session.NewWindow) (session.Session, string, error)
	ChangeWindow(ctx context.Context, p session.Principal, id int64, window string, c session.WindowChange) (session.Session, error)
	KillWindow(ctx context.Context, p session.Principal, id int64, window string) error
}

// Layout splits, moves, ends and restarts panes.
type Layout interface {
	SplitPane(ctx context.Context, p session.Principal, id int64, n session.NewPane) (session.Session, string, error)
	ChangePane(ctx context.Context, p session.Principal, id int64, pane string, c session.PaneChange) (session.Session, error)
	SwapPanes(ctx context.Context, p session.Principal, id int64, pane, with string) (session.Session, error)
	KillPane(ctx context.Context, p session.Principal, id int64, pane string) error
	Respawn(ctx context.Context, p session.Principal, id int64, pane string, kill bool, program session.Program) (session.Session, error)
}

// Runs runs commands. *shellrun.Runner implements it.
type Runs interface {
	RunCommand(ctx context.Context, p session.Principal, id int64, o session.RunOptions) (session.RunResult, error)
	Exec(ctx context.Context, p session.Principal, o session.ExecOptions) (session.RunResult, error)
	AwaitRun(ctx context.Context, p session.Principal, id int64, run string, timeout time.Duration) (session.RunResult, error)
}

// Waits waits for a condition in a pane. *expect.Waiter implements it.
type Waits interface {
	Wait(ctx context.Context, p session.Principal, id int64, o session.WaitOptions) (session.Waited, error)
}

// Authenticator finds the user of a token. *access.Accounts implements it.
type Authenticator interface {
	Authenticate(ctx context.Context, token string) (session.Principal, error)
}
