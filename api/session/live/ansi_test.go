package live

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

func TestEncodeANSI(t *testing.T) {
	t.Parallel()
	screen := controlmode.Repaint{
		Styled: []byte("one\n\x1b[31mtwo\n\n"), Width: 5, Height: 3, CursorX: 1, CursorY: 2, ScrollBottom: 2,
	}
	const reset = "\x1b[!p\x1b[?25l\x1b[?1049l\x1b[?7l\x1b[?6l\x1b[r\x1b[0m\x1b[H\x1b[2J\x1b[0m"
	const lines = "\x1b[1;1Hone\x1b[2;1H\x1b[31mtwo\x1b[3;1H"
	plain := string(EncodeANSI(screen))
	require.True(t, strings.HasPrefix(plain, reset+lines), "%q", plain)
	require.True(t, strings.HasSuffix(plain, "\x1b[?6l\x1b[3;2H\x1b[4l\x1b[?25h"), "%q", plain)

	for want, change := range map[string]func(p *controlmode.Repaint){
		"\x1b[2;3r":         func(p *controlmode.Repaint) { p.ScrollTop = 1 },
		"\x1b[?6h\x1b[2;2H": func(p *controlmode.Repaint) { p.ScrollTop, p.Origin = 1, true },
		"\x1b[?7l\x1b[?1l":  func(p *controlmode.Repaint) { p.NoWrap = true },
		"\x1b[?1003h":       func(p *controlmode.Repaint) { p.MouseAll = true },
		"\x1b[?25h\x1b[3":   func(p *controlmode.Repaint) { p.Pending = []byte("\x1b[3") },
		"\x1b[2;1Hmain\x1b[0m\x1b[3;5H\x1b[?1049h": func(p *controlmode.Repaint) {
			// Where 47 and not 1049 was used, no cursor was kept.
			p.Alternate, p.Main, p.MainCursorX, p.MainCursorY = true, []byte("\nmain\n"), 1<<32-1, 1<<32-1
		},
	} {
		p := screen
		change(&p)
		require.Contains(t, string(EncodeANSI(p)), want)
	}
	screen.CursorX = 5 // the next character wraps
	require.NotContains(t, string(EncodeANSI(screen)), "\x1b[3;6H")
}
