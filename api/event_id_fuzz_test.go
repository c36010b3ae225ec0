package api

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

// FuzzEventID reads any text as the id of an event, and writes any id: an id that was
// written is read as the same id.
func FuzzEventID(f *testing.F) {
	f.Add("5.0123456789ab.77.0123456789abcdef0123456789abcdef", uint32(5), uint64(77), uint64(1))
	f.Add("5.0123456789ab.077.", uint32(0), uint64(0), uint64(0))
	f.Add("5.0123456789ab.9999999999999999999.\n", uint32(4294967295), uint64(1<<63), uint64(1<<63))
	f.Fuzz(func(t *testing.T, text string, pane uint32, offset, hash uint64) {
		if id, ok := parseEventID(text); ok {
			again, ok := parseEventID(id.String())
			require.True(t, ok)
			require.Equal(t, id, again)
		}
		made := eventID{cursor: session.Cursor{
			Pane: fmt.Sprintf("%%%d", pane), Epoch: fmt.Sprintf("%012x", hash>>16), Offset: offset >> 1, // nobody prints more
		}}
		if hash != 0 {
			made.etag = fmt.Sprintf(`"%032x"`, hash)
		}
		got, ok := parseEventID(made.String())
		require.True(t, ok, made.String())
		require.Equal(t, made, got)
	})
}
