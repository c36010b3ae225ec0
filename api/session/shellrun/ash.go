package shellrun

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"interplexer/api/session"
)

// ashParts are for dash and busybox sh. An error in the command ends only its own
// evaluation, thanks to the builtin "command". A return in it ends only the reading of
// its own file. An interrupt ends the reading of all files, and the shell closes them
// (see hasScriptOpen).
func ashParts(command string, m marks, report string) []part {
	end := func([]string) string {
		return saveStatus + printToTTY(m.end) + sendReport(`"end $__interplexer"`, report) + restoreStatus
	}
	begin := func([]string) string {
		return saveStatus + printToTTY(unhideInput+echoOf(command)+m.begin) + sendReport("begin", report) + restoreStatus
	}
	text := func([]string) string { return "command eval " + quoted(command+"\n") + "\n" }
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) +
			unlessErrexit(command, paths[0], fmt.Sprintf(". %s; . %s", paths[2], paths[0]))
	}
	return []part{end, begin, text, main}
}

// maxHistoryLine bounds, in bytes, a line that is typed into the history of busybox
// sh.
const maxHistoryLine = 900

// awaitLatePrompt waits five times as long as awaitPrompt: the prompt may be late
// because the terminal still has much of the command's output to show.
func (t *shellTerminal) awaitLatePrompt(ctx context.Context) bool {
	err := session.ErrShellBusy
	for tries := 0; tries < 5 && errors.Is(err, session.ErrShellBusy) && ctx.Err() == nil; tries++ {
		err = t.awaitPrompt(ctx)
	}
	return err == nil
}

// replaceInHistory replaces the line that was typed by the command in the history of
// busybox sh. That shell has no command for it, so replaceInHistory types: it recalls
// the line (Ctrl-P), deletes it (Ctrl-U), types the command and leaves the line
// (Ctrl-N). An entry of this history holds one line only: the command's first.
func (t typist) replaceInHistory(ctx context.Context, shell shellProcess, command string) {
	if !shell.alive() || !shell.awaitLatePrompt(ctx) || shell.write(hideInput) != nil {
		return
	}
	line, _, _ := strings.Cut(strings.TrimLeft(command, "\n"), "\n")
	line = strings.Map(func(c rune) rune {
		if c < 0x20 || c == 0x7f {
			return ' '
		}
		return c
	}, line[:min(len(line), maxHistoryLine)])
	keys := "\x10\x15" + strings.ToValidUTF8(line, "") + "\x0e"
	if t.send(ctx, session.Input{Raw: []byte(keys)}) == nil {
		shell.awaitRead(ctx)
	}
	m := newMarks(session.RandomID())
	marked := newRecorder(m, 0) // done when tmux has processed all before the marks
	t.pane.Attach(marked)
	defer t.pane.Detach(marked)
	if shell.write(unhideInput+m.begin+m.end) != nil {
		return
	}
	quiet := time.NewTimer(outputQuiet)
	defer quiet.Stop()
	select {
	case <-marked.done:
	case <-quiet.C:
	case <-ctx.Done():
	}
}
