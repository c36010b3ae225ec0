package live

import (
	"bytes"
	"fmt"

	"interplexer/controlmode"
)

// EncodeANSI returns the bytes that have a terminal of the pane's size, such as xterm.js,
// show the pane's screen and take over the modes of the pane's terminal. tmux does not
// report the style in which the program would write next, so EncodeANSI sets none.
func EncodeANSI(p controlmode.Repaint) []byte {
	var out bytes.Buffer
	out.WriteString("\x1b[!p\x1b[?25l\x1b[?1049l") // a soft reset, and the main screen
	if p.Alternate {
		// The program returns to the main screen when it leaves the alternate one.
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
	writeModes(&out, p)
	if p.CursorX < p.Width {
		out.WriteString(cursorSequence(p))
	} else {
		// The next character wraps. No cursor position means that; only drawing the
		// last character of the row brings the terminal into this state.
		draw(&out, lines[:p.CursorY+1])
		out.WriteString("\x1b[0m")
	}
	out.WriteString(modeSequence("4", p.Insert)) // after the drawing, which would insert
	if !p.CursorHidden {
		out.WriteString("\x1b[?25h")
	}
	out.Write(p.Pending) // last: the pane's next output completes this sequence
	return out.Bytes()
}

// writeModes sets and resets the modes of the cursor, the mouse and the keypad.
func writeModes(out *bytes.Buffer, p controlmode.Repaint) {
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
}

// clearAll clears the screen, and turns wrapping off: draw places each line itself.
func clearAll(out *bytes.Buffer) { out.WriteString("\x1b[?7l\x1b[?6l\x1b[r\x1b[0m\x1b[H\x1b[2J") }

func linesOf(screen []byte) [][]byte {
	return bytes.Split(bytes.TrimSuffix(screen, []byte("\n")), []byte("\n"))
}

// draw draws lines from the top. It does not reset the style between lines: in tmux's
// captures each line goes on in the style in which the line before ended.
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
