package controlmode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Version is a tmux release, such as 3.3a.
type Version struct {
	Major, Minor int
	Suffix       string // "a", "-rc2", …
	Text         string // as tmux wrote it, without the leading "tmux "
}

// MinimumVersion is the oldest tmux that this package works with: 3.2 brought
// new-session -e and pausing.
var MinimumVersion = Version{Major: 3, Minor: 2, Text: "3.2"}

// ErrTmuxNotFound: there is no tmux to run.
var ErrTmuxNotFound = errors.New("controlmode: tmux not found")

// VersionError: the tmux found is too old, or prints no version that can be read.
type VersionError struct{ Found, Minimum string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("controlmode: tmux %s found, %s or later is needed", e.Found, e.Minimum)
}

// ParseVersion reads the output of `tmux -V` or #{version}: "tmux 3.3a", "3.5",
// "next-3.6" (a development build on the way to 3.6). "master" and OpenBSD's
// "openbsd-7.5", which carry no tmux version, count as newer than every release.
func ParseVersion(text string) (Version, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "tmux ")
	if text == "master" || strings.HasPrefix(text, "openbsd-") {
		return Version{Major: 999, Text: text}, nil
	}
	number := strings.TrimPrefix(text, "next-")
	major, rest, ok := strings.Cut(number, ".")
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	a, errA := strconv.ParseUint(major, 10, 16) // refuses a sign
	b, errB := strconv.ParseUint(rest[:digits], 10, 16)
	if !ok || errA != nil || errB != nil {
		return Version{}, &VersionError{Found: strconv.Quote(text), Minimum: MinimumVersion.Text}
	}
	return Version{Major: int(a), Minor: int(b), Suffix: rest[digits:], Text: text}, nil
}

// atLeast reports whether v is the release major.minor or a later one.
func (v Version) atLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// check refuses versions older than MinimumVersion.
func (v Version) check() error {
	if v.atLeast(MinimumVersion.Major, MinimumVersion.Minor) {
		return nil
	}
	return &VersionError{Found: v.Text, Minimum: MinimumVersion.Text}
}

// capability is a difference between tmux's releases that a command of this package,
// or the reading of its answer, depends on. The table below is complete: no other
// code compares versions.
type capability int

const (
	leakyCapture capability = iota
	encodedBuffers
	overrunBuffers
	bufferNotifications
	encodedLists
	captureTrimPositions
	captureMode
	pasteUnescaped
	pausesInBlocks
	messagesInBlocks
)

// release is the number of a tmux release; its letter has never mattered.
type release struct{ major, minor int }

// capabilityRow says which releases have a capability.
type capabilityRow struct {
	from   release // the first one
	before release // the first one that no longer has it; zero: there is none so far
	// evidence is how we know. TestCapabilities asks the installed tmux.
	evidence string
}

var capabilities = [...]capabilityRow{
	leakyCapture: {
		from: release{3, 2}, before: release{3, 6},
		evidence: "capture-pane -p on a control client never frees its text in the tmux server (cmd-capture-pane.c; tmux issue 4590, freed from 3.6 on)",
	},
	encodedBuffers: {
		from: release{3, 2}, before: release{3, 4},
		evidence: "show-buffer writes vis(3) with VIS_OCTAL and VIS_CSTYLE (cmdq_print); from 3.4 on raw",
	},
	overrunBuffers: {
		from: release{3, 4}, before: release{3, 6},
		evidence: "when the text just fills its block of memory, show-buffer also prints the memory behind it: server_client_print takes the text's address and then adds the NUL that ends it (TestCapturesOfEverySize; after 3.5a nothing here depends on it)",
	},
	bufferNotifications: {
		from:     release{3, 4},
		evidence: "every control client gets %paste-buffer-changed and -deleted, so a capture through a buffer fires notifications (see gate)",
	},
	encodedLists: {
		from:     release{3, 4},
		evidence: "cmdq_print encodes all but text by VIS_OCTAL and VIS_CSTYLE, without doubling backslashes, so that it cannot be undone (server_client_print)",
	},
	captureTrimPositions: {
		from:     release{3, 4},
		evidence: "capture-pane -T leaves out positions that hold no character",
	},
	captureMode: {
		from:     release{3, 6},
		evidence: "capture-pane -M captures the screen of the pane's mode",
	},
	pasteUnescaped: {
		from:     release{3, 7},
		evidence: "paste-buffer passes its text through vis(3), so that an escape arrives as ^[, unless told not to by -S (CHANGES of 3.7)",
	},
	pausesInBlocks: {
		from: release{3, 2}, before: release{3, 8},
		evidence: "refresh-client -A prints %pause and %continue inside its own answer (control_pause_pane: control_write); from 3.8 on they come after it, like other notifications (control_notify_write; see selfPaused)",
	},
	messagesInBlocks: {
		from:     release{3, 4},
		evidence: "display-message without -p prints %message inside its block; no command here is sent without -p",
	},
}

// has reports whether a tmux of version v has a capability.
func (v Version) has(c capability) bool {
	row := capabilities[c]
	return v.atLeast(row.from.major, row.from.minor) &&
		(row.before == release{} || !v.atLeast(row.before.major, row.before.minor))
}
