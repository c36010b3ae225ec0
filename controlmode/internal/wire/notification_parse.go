package wire

import (
	"bytes"
	"strconv"
	"strings"
)

// parseNotification reads a line from outside any block. It never fails: a line that
// it cannot read is an Unknown. It does not keep the line.
func parseNotification(line []byte) Notification {
	word, rest, _ := bytes.Cut(line, []byte(" "))
	switch string(word) {
	case "%output":
		return parseOutput(line, rest)
	case "%extended-output":
		return parseExtendedOutput(line, rest)
	case "%subscription-changed":
		return parseSubscription(line, rest)
	}
	if n := parseText(string(word), string(rest)); n != nil {
		return n
	}
	return Unknown{Line: bytes.Clone(line)}
}

// parseText reads the notifications whose arguments are ids and names. It returns nil
// for any other, and for malformed ids.
func parseText(word, rest string) Notification {
	a := arguments{rest: rest}
	var n Notification
	switch word {
	case "%layout-change":
		n = LayoutChange{Window: a.window(), Layout: a.word(), Visible: a.word(), Flags: a.word()}
	case "%window-add", "%unlinked-window-add":
		n = WindowAdd{Window: a.window(), Unlinked: strings.HasPrefix(word, "%unlinked")}
	case "%window-close", "%unlinked-window-close":
		n = WindowClose{Window: a.window(), Unlinked: strings.HasPrefix(word, "%unlinked")}
	case "%window-renamed", "%unlinked-window-renamed":
		n = WindowRenamed{Window: a.window(), Name: a.tail(), Unlinked: strings.HasPrefix(word, "%unlinked")}
	case "%sessions-changed":
		n = SessionsChanged{}
	case "%session-changed":
		n = SessionChanged{Session: a.session(), Name: a.tail()}
	case "%session-renamed":
		n = SessionRenamed{Session: a.session(), Name: a.tail()}
	case "%session-window-changed":
		n = SessionWindowChanged{Session: a.session(), Window: a.window()}
	case "%window-pane-changed":
		n = WindowPaneChanged{Window: a.window(), Pane: a.pane()}
	case "%pane-mode-changed":
		n = PaneModeChanged{Pane: a.pane()}
	case "%client-session-changed":
		n = ClientSessionChanged{Client: a.word(), Session: a.session(), Name: a.tail()}
	case "%client-detached":
		n = ClientDetached{Client: a.tail()}
	case "%pause":
		n = Pause{Pane: a.pane()}
	case "%continue":
		n = Continue{Pane: a.pane()}
	case "%message":
		n = Message{Text: a.tail()}
	case "%config-error":
		n = ConfigError{Text: a.tail()}
	case "%paste-buffer-changed":
		n = PasteBufferChanged{Name: a.tail()}
	case "%paste-buffer-deleted":
		n = PasteBufferDeleted{Name: a.tail()}
	case "%exit":
		n = Exit{Reason: a.tail()}
	}
	if a.bad {
		return nil
	}
	return n
}

// parseOutput reads "%5 data".
func parseOutput(line, rest []byte) Notification {
	id, data, ok := bytes.Cut(rest, []byte(" "))
	pane, err := ParsePaneID(string(id))
	if !ok || err != nil {
		return Unknown{Line: bytes.Clone(line)}
	}
	return Output{Pane: pane, Data: unescapeOutput(data)}
}

// parseExtendedOutput reads "%5 age … : data". tmux may put more fields before the
// colon.
func parseExtendedOutput(line, rest []byte) Notification {
	head, data, ok := bytes.Cut(rest, []byte(" : "))
	fields := strings.Fields(string(head))
	if !ok || len(fields) < 2 {
		return Unknown{Line: bytes.Clone(line)}
	}
	pane, err := ParsePaneID(fields[0])
	age, errAge := strconv.Atoi(fields[1])
	if err != nil || errAge != nil {
		return Unknown{Line: bytes.Clone(line)}
	}
	return Output{Pane: pane, Data: unescapeOutput(data), Age: age}
}

// parseSubscription reads "name $1 @1 1 %1 … : value".
func parseSubscription(line, rest []byte) Notification {
	head, value, ok := bytes.Cut(rest, []byte(" : "))
	name, fields, okName := strings.Cut(string(head), " ")
	if !ok || !okName {
		return Unknown{Line: bytes.Clone(line)}
	}
	return SubscriptionChanged{Name: name, Fields: fields, Value: bytes.Clone(value)}
}

// unescapeOutput undoes tmux's escaping of %output: bytes below 0x20 and the
// backslash are written as \ooo, all others raw.
func unescapeOutput(data []byte) []byte {
	out := make([]byte, 0, len(data))
	for i := 0; i < len(data); i++ {
		if data[i] == '\\' && i+3 < len(data) && isOctal(data[i+1:i+4]) {
			out = append(out, (data[i+1]-'0')<<6|(data[i+2]-'0')<<3|(data[i+3]-'0'))
			i += 3
			continue
		}
		out = append(out, data[i])
	}
	return out
}

// isOctal reports whether b starts with three octal digits that make one byte.
func isOctal(b []byte) bool {
	return b[0] >= '0' && b[0] <= '3' && b[1] >= '0' && b[1] <= '7' && b[2] >= '0' && b[2] <= '7'
}

// arguments takes the blank-separated arguments of a notification one by one.
type arguments struct {
	rest string
	bad  bool
}

func (a *arguments) word() string {
	word, rest, _ := strings.Cut(a.rest, " ")
	a.rest = rest
	return word
}

// tail is the rest; a name may hold blanks.
func (a *arguments) tail() string { return a.rest }

func (a *arguments) session() SessionID { return idArgument(a, ParseSessionID) }
func (a *arguments) window() WindowID   { return idArgument(a, ParseWindowID) }
func (a *arguments) pane() PaneID       { return idArgument(a, ParsePaneID) }

func idArgument[ID any](a *arguments, parse func(string) (ID, error)) ID {
	id, err := parse(a.word())
	a.bad = a.bad || err != nil
	return id
}
