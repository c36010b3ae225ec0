package controlmode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

// The messages are those of tmux 3.3a and 3.5a.
func TestErrorKinds(t *testing.T) {
	kinds := []error{controlmode.ErrNotFound, controlmode.ErrDuplicate, controlmode.ErrNoResources, controlmode.ErrDown}
	for message, kind := range map[string]error{
		"can't find pane: %7":  controlmode.ErrNotFound,
		"no such buffer x":     controlmode.ErrNotFound,
		"duplicate session: x": controlmode.ErrDuplicate,
		"create window failed: fork failed: No space left on device": controlmode.ErrNoResources,
		"no current target":           controlmode.ErrDown, // while the server ends
		"command capture: no current": nil,
	} {
		err := controlmode.TmuxError("capture-pane", message)
		for _, other := range kinds {
			if other == kind {
				require.ErrorIs(t, err, other, message)
			} else {
				require.NotErrorIs(t, err, other, message)
			}
		}
	}
}
