package controlmode

// capability is something that tmux's releases do differently and that a
// command here, or what may be expected of its answer, depends on. Those of the
// table are all there are: nothing else asks for a version.
type capability int

const (
	leakyCapture capability = iota
	encodedBuffers
	overrunBuffers
	toldBuffers
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
	from   release // the first
	before release // the first that has it no more; zero: none so far
	// evidence is why we say so. TestCapabilities asks the tmux at hand.
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
		evidence: "show-buffer goes on with what lies behind the text in tmux's memory when the text just fills its block: server_client_print takes the text's address and then adds the NUL that ends it (TestCapturesOfEverySize; after 3.5a nothing here depends on it)",
	},
	toldBuffers: {
		from:     release{3, 4},
		evidence: "%paste-buffer-changed and -deleted are told to every control client, so that a capture through a buffer fires a notification (see gate)",
	},
	encodedLists: {
		from:     release{3, 4},
		evidence: "what cmdq_print prints and is not text comes as VIS_OCTAL and VIS_CSTYLE without doubled backslashes, so that it cannot be undone (server_client_print)",
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
		evidence: "what refresh-client -A pauses or continues is told inside its own answer (control_pause_pane: control_write); from 3.8 on after it, as anything else is (control_notify_write; see cuts)",
	},
	messagesInBlocks: {
		from:     release{3, 4},
		evidence: "display-message without -p answers %message inside its block; no command here does so",
	},
}

// has reports whether a tmux of version v has a capability.
func (v Version) has(c capability) bool {
	row := capabilities[c]
	return v.atLeast(row.from.major, row.from.minor) &&
		(row.before == release{} || !v.atLeast(row.before.major, row.before.minor))
}
