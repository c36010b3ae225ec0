package shellrun

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"interplexer/api/session"
)

// ashParts are for dash and busybox sh. An error in the command ends only its
// own evaluation (command), and a return only the reading of its own file; an
// interrupt ends all, and then the shell has closed the files (see holdsScript).
func ashParts(command string, m marks, report string) []part {
	end := func([]string) string {
		return keepStatus + say(m.end) + tell(`"end $__interplexer"`, report) + giveStatus
	}
	begin := func([]string) string {
		return keepStatus + say(reveal+shown(command)+m.begin) + tell("begin", report) + giveStatus
	}
	text := func([]string) string { return "command eval " + quoted(command+"\n") + "\n" }
	main := func(paths []string) string {
		return fmt.Sprintf(". %s\n", paths[1]) +
			unlessStrict(command, paths[0], fmt.Sprintf(". %s; . %s", paths[2], paths[0]))
	}
	return []part{end, begin, text, main}
}

// longestLine is how much busybox sh is given for one line.
const longestLine = 900

// awaitLatePrompt waits for a prompt that may be long in coming behind all of the
// command's output.
func (t *shellTerminal) awaitLatePrompt(ctx context.Context) bool {
	err := session.ErrShellBusy
	for tries := 0; tries < 5 && errors.Is(err, session.ErrShellBusy) && ctx.Err() == nil; tries++ {
		err = t.awaitPrompt(ctx)
	}
	return err == nil
}

// mendHistory replaces our line by the command in the history of busybox sh, which
// has no command for that: the line before is recalled (Ctrl-P), typed anew (Ctrl-U)
// and left (Ctrl-N). A line of the history cannot hold more than a line, so that it
// is the command's first one.
func (t typist) mendHistory(ctx context.Context, shell shellProcess, command string) {
	if !shell.alive() || !shell.awaitLatePrompt(ctx) || shell.show(hide) != nil {
		return
	}
	line, _, _ := strings.Cut(strings.TrimLeft(command, "\n"), "\n")
	line = strings.Map(func(c rune) rune {
		if c < 0x20 || c == 0x7f {
			return ' '
		}
		return c
	}, line[:min(len(line), longestLine)])
	keys := "\x10\x15" + strings.ToValidUTF8(line, "") + "\x0e"
	if t.send(ctx, session.Input{Raw: []byte(keys)}) == nil {
		shell.awaitRead(ctx)
	}
	m := newMarks(session.RandomID())
	shown := newRecorder(m, 0)
	t.pane.Attach(shown)
	defer t.pane.Detach(shown)
	if shell.show(reveal+m.begin+m.end) != nil {
		return
	}
	quiet := time.NewTimer(outputQuiet)
	defer quiet.Stop()
	select {
	case <-shown.done:
	case <-quiet.C:
	case <-ctx.Done():
	}
}
