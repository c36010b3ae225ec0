package live

import (
	"bytes"
	"fmt"

	"interplexer/controlmode"
)

// EncodeANSI returns the bytes that bring a terminal of the pane's size, xterm.js
// for example, to show the screen and to have the modes of the pane's terminal. tmux
// does not report the style in which the program would write next; it is taken to be
// none.
func EncodeANSI(p controlmode.Repaint) []byte {
	var out bytes.Buffer
	// A soft reset, then the screen that is shown, cleared, without wrapping:
	// each line is drawn where it belongs.
	out.WriteString("\x1b[!p\x1b[?25l\x1b[?1049l")
	if p.Alternate {
		// The program will leave it, and then this is what is there.
		clearAll(&out)
		draw(&out, linesOf(p.Main))
		fmt.Fprintf(&out, "\x1b[0m\x1b[%d;%dH\x1b[?1049h", min(p.MainCursorY, p.Height-1)+1, min(p.MainCursorX, p.Width-1)+1)
	}
	clearAll(&out)
	lines := linesOf(p.Styled)
	draw(&out, lines)
	if p.ScrollTop > 0 || p.ScrollBottom > 0 && p.ScrollBottom < p.Height-1 {
		fmt.Fprintf(&out, "\x1b[%d;%dr", p.ScrollTop+1, p.ScrollBottom+1)
	}
	for _, m := range []struct {
		name string
		set  bool
	}{
		{"?7", !p.NoWrap},
		{"?1", p.KeypadCursor},
		{"?1000", p.MouseClick},
		{"?1002", p.MouseDrag},
		{"?1003", p.MouseAll},
		{"?1005", p.MouseUTF8},
		{"?1006", p.MouseSGR},
	} {
		out.WriteString(modeSequence(m.name, m.set))
	}
	if p.Keypad {
		out.WriteString("\x1b=")
	} else {
		out.WriteString("\x1b>")
	}
	if p.CursorX < p.Width {
		out.WriteString(cursorSequence(p))
	} else {
		// The next character wraps, which no position can say: only drawing
		// the last one does.
		draw(&out, lines[:p.CursorY+1])
		out.WriteString("\x1b[0m")
	}
	out.WriteString(modeSequence("4", p.Insert))
	if !p.CursorHidden {
		out.WriteString("\x1b[?25h")
	}
	out.Write(p.Pending) // last: what follows completes it
	return out.Bytes()
}

// clearAll clears the screen, and turns wrapping off.
func clearAll(out *bytes.Buffer) { out.WriteString("\x1b[?7l\x1b[?6l\x1b[r\x1b[0m\x1b[H\x1b[2J") }

func linesOf(screen []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(screen, []byte("\n")), []byte("\n"))
}

// draw writes lines from the top. Each begins with the style that the line before
// ended with, as tmux captures them.
func draw(out *bytes.Buffer, lines [][]byte) {
	out.WriteString("\x1b[0m")
	for i, line := range lines {
		fmt.Fprintf(out, "\x1b[%d;1H", i+1)
		out.Write(line)
	}
}

// modeSequence sets or resets a mode of the terminal.
func modeSequence(name string, set bool) string {
	if set {
		return "\x1b[" + name + "h"
	}
	return "\x1b[" + name + "l"
}

// cursorSequence places the cursor. In origin mode rows count from the top of the scroll
// region.
func cursorSequence(p controlmode.Repaint) string {
	row := p.CursorY
	if p.Origin {
		row -= p.ScrollTop
	}
	return "\x1b[0m" + modeSequence("?6", p.Origin) + fmt.Sprintf("\x1b[%d;%dH", row+1, p.CursorX+1)
}
