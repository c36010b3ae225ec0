package wire_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
	"interplexer/controlmode/internal/wiretest"
)

// maxBody is the limit of one answer in the fuzz test.
const maxBody = 300

// FuzzDecoder gives a decoder the lines of any stream while any commands wait for
// their answers. It must not panic, must answer only commands that were sent, in
// their order, and must hold no more bytes than it may. (FuzzReader of controlmode
// feeds it the same streams cut anywhere.)
func FuzzDecoder(f *testing.F) {
	for _, file := range wiretest.Transcripts(f, "../../..") {
		text, err := os.ReadFile(file)
		require.NoError(f, err)
		stream, frames := wiretest.Reply(text)
		f.Add(stream, frames)
	}
	f.Fuzz(func(t *testing.T, stream, frames []byte) {
		if len(stream) > 60<<10 || len(frames) > 100 {
			return
		}
		asked := wiretest.Frames(frames)
		out := wiretest.Decode(stream, maxBody, asked, func(d *wire.Decoder) {
			require.LessOrEqual(t, len(d.Body()), maxBody)
		})
		require.LessOrEqual(t, len(out.Answers), len(asked))
		for i, a := range out.Answers {
			kept := 0
			for _, b := range a.Blocks {
				kept += len(b.Body)
			}
			require.LessOrEqual(t, kept, maxBody)
			require.Equal(t, asked[i], a.Frame)
			if n := len(a.Blocks); !a.TooLarge && n != asked[i].Blocks {
				require.True(t, n > 0 && n < asked[i].Blocks && a.Blocks[n-1].Failed, "%d blocks of %d", n, asked[i].Blocks)
			}
		}
	})
}
