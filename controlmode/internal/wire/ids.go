package wire

import (
	"fmt"
	"strconv"
	"strings"
)

// SessionID is tmux's id of a session, written "$1". Ids are unique for the
// life of one tmux server process only.
type SessionID uint32

// WindowID is tmux's id of a window, written "@1".
type WindowID uint32

// PaneID is tmux's id of a pane, written "%1".
type PaneID uint32

func (id SessionID) String() string { return "$" + strconv.FormatUint(uint64(id), 10) }
func (id WindowID) String() string  { return "@" + strconv.FormatUint(uint64(id), 10) }
func (id PaneID) String() string    { return "%" + strconv.FormatUint(uint64(id), 10) }

// ParseSessionID reads a session id as tmux writes it: "$" and a decimal number.
func ParseSessionID(s string) (SessionID, error) {
	n, err := parseID(s, '$')
	return SessionID(n), err
}

// ParseWindowID reads a window id as tmux writes it: "@" and a decimal number.
func ParseWindowID(s string) (WindowID, error) {
	n, err := parseID(s, '@')
	return WindowID(n), err
}

// ParsePaneID reads a pane id as tmux writes it: "%" and a decimal number.
func ParsePaneID(s string) (PaneID, error) {
	n, err := parseID(s, '%')
	return PaneID(n), err
}

// parseID accepts only the canonical spelling, so that two different strings
// never name the same thing.
func parseID(s string, sigil byte) (uint32, error) {
	digits, ok := strings.CutPrefix(s, string(sigil))
	n, err := strconv.ParseUint(digits, 10, 32)
	if !ok || err != nil || strconv.FormatUint(n, 10) != digits {
		return 0, fmt.Errorf("controlmode: parse id: %q is not %c and a number", s, sigil)
	}
	return uint32(n), nil
}

// ServerID names one tmux server process. Two are equal only if they are the
// same process on the same socket.
type ServerID struct {
	PID    int
	Start  int64 // Unix seconds
	Socket string
}

// String writes the id as "pid start socket", the form that ParseServerID reads.
func (id ServerID) String() string {
	return fmt.Sprintf("%d %d %s", id.PID, id.Start, id.Socket)
}

// ParseServerID reads the text that ServerID.String wrote.
func ParseServerID(s string) (ServerID, error) {
	parts := strings.SplitN(s, " ", 3)
	if len(parts) == 3 {
		pid, errPID := strconv.Atoi(parts[0])
		start, errStart := strconv.ParseInt(parts[1], 10, 64)
		if errPID == nil && errStart == nil && parts[2] != "" {
			return ServerID{PID: pid, Start: start, Socket: parts[2]}, nil
		}
	}
	return ServerID{}, fmt.Errorf("controlmode: parse server id: %q is not pid, start time and socket", s)
}
