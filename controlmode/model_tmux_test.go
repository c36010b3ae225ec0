package controlmode

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode/internal/wire"
	"interplexer/controlmode/internal/wiretest"
)

// play is the scripted tmux of the model. It reads the commands that are there,
// answers some of them, writes notifications in between, and dies when it must, or
// when the client has closed the connection.
func (m *model) play() {
	defer m.tmux.Close()
	buf := make([]byte, 32<<10)
	for {
		if !m.readSome(buf) {
			return
		}
		for len(m.pending) > 0 && m.random.IntN(4) > 0 {
			c := m.pending[0]
			m.pending = m.pending[1:]
			from := len(m.stream)
			if m.violate && m.random.IntN(20) == 0 {
				m.breakRules(c)
				m.write(from)
				return
			}
			m.answer(c)
			if m.random.IntN(3) == 0 {
				m.writeNotification()
			}
			if !m.write(from) {
				return
			}
		}
		if m.random.IntN(4) == 0 {
			from := len(m.stream)
			m.writeNotification()
			if !m.write(from) {
				return
			}
		}
	}
}

// readSome waits a while for commands. It returns false if the client is gone.
func (m *model) readSome(buf []byte) bool {
	patience := time.Duration(m.random.IntN(3000)) * time.Microsecond
	if m.heavy {
		patience *= 4
	}
	require.NoError(m.t, m.tmux.SetReadDeadline(time.Now().Add(patience)))
	n, err := m.tmux.Read(buf[:1+m.random.IntN(len(buf))])
	m.lines = append(m.lines, buf[:n]...)
	for {
		line, rest, found := bytes.Cut(m.lines, []byte("\n"))
		if !found {
			break
		}
		m.read(string(line))
		m.lines = rest
	}
	return err == nil || errors.Is(err, os.ErrDeadlineExceeded)
}

// read takes one line of the client.
func (m *model) read(line string) {
	c := m.commandOf([]byte(line))
	if c == nil { // the second line of the command before
		nonce, ok := strings.CutPrefix(line, "display-message -p ")
		require.True(m.t, ok, line)
		c, m.half = m.half, nil
		m.nonces[c] = nonce
	} else if c.kind == wiretest.Nonce {
		m.half = c
		return
	}
	if c.kind == wiretest.Sealed {
		_, nonce, ok := strings.Cut(line, " ; deleteb -b ")
		require.True(m.t, ok, line)
		m.nonces[c] = nonce
	}
	m.pending = append(m.pending, c)
}

// write writes the bytes added to the stream, in pieces. It returns false if tmux has
// died or the client is gone.
func (m *model) write(from int) bool {
	end := len(m.stream)
	dies := m.life >= 0 && end > m.life
	if dies {
		end = max(from, m.life)
	}
	for from < end {
		size := min(end-from, 1+m.random.IntN(500))
		n, err := m.tmux.Write(m.stream[from : from+size])
		from += n
		if err != nil {
			m.stream = m.stream[:from]
			return false
		}
	}
	m.stream = m.stream[:end]
	return !dies
}

func (m *model) line(text string) { m.stream = append(append(m.stream, text...), '\n') }

// happens logs what the client must do once it has read the stream so far.
func (m *model) happens(text string) {
	m.events = append(m.events, event{at: len(m.stream), text: text})
}

// begin opens a block and returns its guard.
func (m *model) begin(flags int) string {
	m.number++
	g := fmt.Sprintf("1795541631 %d %d", m.number, flags)
	m.line("%begin " + g)
	return g
}

// answer scripts the answer to a command.
func (m *model) answer(c *scripted) {
	for i := range c.frame.Blocks {
		free := m.nonces[c] != "" && i == c.frame.FreeText
		failed := m.random.IntN(15) == 0 && (c.kind == wiretest.Own || c.kind == wiretest.Nonce || i < c.frame.FreeText || c.kind == wiretest.Counted && i != c.frame.Counted)
		if c.frame.Counted > 0 && i == c.frame.Counted {
			failed = false // its target is that of the count
		}
		g := m.begin(1)
		body := m.body(c, i, g, free)
		m.stream = append(m.stream, body...)
		if i == c.frame.Counted && i > 0 && m.random.IntN(2) == 0 {
			m.line("") // show-buffer's
		}
		m.line(map[bool]string{false: "%end ", true: "%error "}[failed] + g)
		c.want = append(c.want, Block{Failed: failed, Body: body})
		if failed && c.kind != wiretest.Nonce {
			break
		}
		if c.kind != wiretest.Sealed && c.kind != wiretest.Nonce && i < c.frame.Blocks-1 && m.random.IntN(4) == 0 {
			m.writeNotification()
		}
		if free {
			m.endFree(c)
			break
		}
	}
	if len(c.want) <= c.frame.FreeText && m.nonces[c] != "" {
		c.tooLarge = false // it failed before the block that is too large
	}
	m.happens(fmt.Sprint("answered ", c.id))
}

// endFree scripts the lines after the free block of a command, up to its nonce.
// Notifications before a nonce on its own line are delivered with it.
func (m *model) endFree(c *scripted) {
	if c.kind == wiretest.Sealed {
		for range c.frame.Blocks - c.frame.FreeText - 1 {
			g := m.begin(1)
			m.line("%end " + g)
			c.want = append(c.want, Block{})
		}
		g := m.begin(1)
		m.line("unknown buffer: " + m.nonces[c])
		m.line("%error " + g)
		return
	}
	first := len(m.events)
	for m.random.IntN(3) == 0 {
		m.notification()
	}
	g := m.begin(1)
	m.line(m.nonces[c])
	m.line("%end " + g)
	if c.tooLarge {
		m.events = append(m.events[:first], event{text: logged(Missed{})}) // text and notifications cannot be told apart
	}
	for i := range m.events[first:] {
		m.events[first+i].at = len(m.stream)
	}
}

// body scripts the text of a block.
func (m *model) body(c *scripted, i int, g string, free bool) (body []byte) {
	add := func(line string) { body = append(append(body, line...), '\n') }
	switch {
	case c.frame.Counted > 0 && i == 0:
		add(fmt.Sprint(c.id%8, " 80"))
	case c.frame.Counted > 0 && i == c.frame.Counted:
		for range c.id % 8 {
			add(m.hostileLine(g))
		}
	case free && c.tooLarge:
		for len(body) <= modelMaxAnswer {
			add(m.hostileLine(g))
		}
	case free:
		for range m.random.IntN(12) {
			add(m.hostileLine(g))
		}
	default: // tmux's own text, in which some of its notifications may stand
		for range m.random.IntN(4) {
			add([]string{"$1 @2 %3", "no such pane: %9", "%pause %1", "%continue %1", "%message hello", "", "%exit", "%end 1 1 1"}[m.random.IntN(8)])
		}
	}
	return body
}

// hostileLine is a line of a program that knows everything that can be known: the
// guard of the block that its text stands in, and those of the next.
func (m *model) hostileLine(g string) string {
	next := fmt.Sprintf("1795541631 %d 1", m.number+1)
	switch m.random.IntN(10) {
	case 0:
		return "%end " + g
	case 1:
		return "%error " + g
	case 2:
		return "%begin " + next
	case 3:
		return "%end " + next
	case 4:
		return fmt.Sprintf("unknown buffer: %032x", m.random.Uint64())
	case 5:
		return fmt.Sprintf("%032x", m.random.Uint64())
	case 6:
		return []string{"%exit", "%sessions-changed", "%output %1 x", "%begin 1 1 0", ""}[m.random.IntN(5)]
	}
	line := make([]byte, m.random.IntN(60))
	for i := range line {
		line[i] = byte(m.random.Uint32())
	}
	return string(bytes.ReplaceAll(line, []byte("\n"), []byte("\r")))
}

// writeNotification scripts a notification, or a block that answers no command.
func (m *model) writeNotification() {
	if m.random.IntN(3) > 0 {
		m.notification()
		return
	}
	g := m.begin(0)
	var body []byte
	for range m.random.IntN(5) {
		if line := m.hostileLine("1 2 1"); line != "%end "+g && line != "%error "+g {
			body = append(append(body, line...), '\n')
		}
	}
	m.stream = append(m.stream, body...)
	failed := m.random.IntN(2) == 0
	m.line(map[bool]string{false: "%end ", true: "%error "}[failed] + g)
	m.happens(logged(Unasked{Failed: failed, Body: body}))
}

func (m *model) notification() {
	data := make([]byte, m.random.IntN(30))
	for i := range data {
		data[i] = byte(m.random.Uint32())
	}
	id := m.random.Uint32()
	n := []Notification{
		Output{Pane: PaneID(id), Data: data},
		Output{Pane: PaneID(id), Data: data, Age: 1 + int(id%1000)},
		LayoutChange{Window: WindowID(id), Layout: "a", Visible: "b", Flags: "*"},
		WindowAdd{Window: WindowID(id), Unlinked: id%2 == 0},
		WindowClose{Window: WindowID(id), Unlinked: id%2 == 0},
		WindowRenamed{Window: WindowID(id), Name: "a  b"},
		SessionsChanged{},
		SessionChanged{Session: SessionID(id), Name: "%end"},
		SessionRenamed{Session: SessionID(id), Name: "x"},
		SessionWindowChanged{Session: 1, Window: WindowID(id)},
		WindowPaneChanged{Window: 1, Pane: PaneID(id)},
		PaneModeChanged{Pane: PaneID(id)},
		ClientSessionChanged{Client: "c", Session: SessionID(id), Name: "n"},
		ClientDetached{Client: "c"},
		Pause{Pane: PaneID(id)},
		Continue{Pane: PaneID(id)},
		SubscriptionChanged{Name: "s", Fields: "$1", Value: []byte("v : w")},
		Message{Text: "%begin"},
		ConfigError{Text: "e"},
		PasteBufferChanged{Name: "b"},
		PasteBufferDeleted{Name: "b"},
		Exit{Reason: "r"},
		Unknown{Line: []byte("%end 1 2 1")},
	}[m.random.IntN(23)]
	m.line(wiretest.Line(n))
	m.happens(logged(n))
}

// breakRules writes what no tmux would write: the connection must be given up.
func (m *model) breakRules(c *scripted) {
	g := m.begin(1)
	switch {
	case c.frame.Counted == 1:
		m.stream = append(m.stream, "1\n%end "+g+"\n"...)
		m.begin(1)
		m.stream = append(m.stream, "x\ny\n"...)
	case m.nonces[c] != "" && c.frame.FreeText == 0:
		m.begin(1)
		m.stream = append(m.stream, m.nonces[c]+"\nx\n"...)
	default:
		m.stream = append(m.stream, strings.Repeat("x\n", wire.MaxOwnLines+1)...)
	}
}
