package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strconv"
	"strings"
	"unicode/utf8"
)

// outcome is what a client was told about its request.
type outcome int

const (
	unknown outcome = iota // cut off, or told that nobody knows
	done
	refused // told that nothing was done
)

// send is one request that types. What it types is made from its numbers, so
// that it need not be kept.
type send struct {
	client, number int
	seed           uint64
	outcome        outcome
	left           bool // the client did not wait: it may overtake
	socket         bool // through a WebSocket, as it is
	arrived        bool // while it is judged
}

// Ways to type.
const (
	byText = iota
	byLine
	byKeys
	byHex
	byPaste
	byLongText
	ways
)

const (
	shortText = 200
	longText  = 12 << 10 // more than goes as keys
	longPaste = 100 << 10
)

// head starts what a send types, so that one that arrives where another is
// expected is known.
func (s *send) head() string { return fmt.Sprintf("\x02%d.%d:", s.client, s.number) }

// make is the request's body and the bytes that have to arrive.
func (s *send) make() (body, typed string) {
	random := rand.New(rand.NewPCG(s.seed, 1))
	head := s.head()
	switch way := random.IntN(ways); way {
	case byLine:
		text := head + randomText(random, shortText)
		return field("keys", text), text + "\r"
	case byKeys:
		names, keys := randomKeys(random)
		return field("keys", append([]string{head}, names...)), head + keys
	case byHex:
		raw := []byte(head)
		for range random.IntN(shortText) {
			raw = append(raw, byte(random.IntN(256)))
		}
		return field("hex", hex.EncodeToString(raw)), string(raw)
	case byPaste:
		text := head + randomText(random, longPaste)
		return field("paste", text), text
	case byLongText:
		text := head + randomText(random, longText)
		return field("text", text), text
	default:
		text := head + randomText(random, shortText)
		return field("text", text), text
	}
}

// typed is what has to arrive.
func (s *send) typed() string {
	if s.socket {
		return s.raw()
	}
	_, typed := s.make()
	return typed
}

// raw is what is typed as a frame of a WebSocket.
func (s *send) raw() string {
	random := rand.New(rand.NewPCG(s.seed, 2))
	raw := []byte(s.head())
	for range random.IntN(shortText) {
		raw = append(raw, byte(random.IntN(256)))
	}
	return string(raw)
}

func field(name string, value any) string {
	text, err := json.Marshal(map[string]any{name: value})
	if err != nil { // strings only: cannot happen
		panic(err)
	}
	return string(text)
}

// pieces are what texts are made of: what has a meaning to shells, terminals
// and tmux, characters of each length, control characters.
var pieces = []string{
	"a", "Z", "0", " ", "\t", "\n", "\r", "\x1b[A", "\x03", "\x7f", `\`, `"`, "'", "$HOME", "`", "~", ";", " ; ", "#{pid}", "#(touch x)",
	"%end 1 1 1\n", "é", "世", "🙂", "e\u0301", "\u200b", "{", "}", "--", "C-c", "\x02", "\x04", "Enter", "longer, plain text of some words",
}

// randomText is valid UTF-8 without NUL, of at most n bytes and mostly less.
func randomText(random *rand.Rand, n int) string {
	var b strings.Builder
	for size := random.IntN(1 + random.IntN(n)); b.Len() < size; {
		piece := pieces[random.IntN(len(pieces))]
		if random.IntN(4) == 0 {
			piece = string(utf8.AppendRune(nil, rune(1+random.IntN(0xd7ff))))
		}
		b.WriteString(piece)
	}
	return b.String()
}

var keyNames = []struct{ name, bytes string }{
	{"Enter", "\r"},
	{"C-a", "\x01"},
	{"Tab", "\t"},
	{"Escape", "\x1b"},
	{"Space", " "},
	{"BSpace", "\x7f"},
	{"C-c", "\x03"},
	{"C-m", "\r"},
	{"Up", "\x1b[A"},
	{"plain text", "plain text"},
	{"é世", "é世"},
}

func randomKeys(random *rand.Rand) (names []string, keys string) {
	for range random.IntN(10) {
		k := keyNames[random.IntN(len(keyNames))]
		names, keys = append(names, k.name), keys+k.bytes
	}
	return names, keys
}

var (
	heads    = regexp.MustCompile(`\x02([0-9]+)\.([0-9]+):`)
	headPart = regexp.MustCompile(`^\x02[0-9]*\.?[0-9]*$`)
)

// checkTyped compares what a session's program has read with what was typed:
// what was answered with success once and whole and in its client's order,
// what is unknown at most once, what was refused never. cut: the program was
// ended, and what came last may be missing.
func (l *model) checkTyped(s *session, read string, cut bool) (wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	complain := func(at int, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("%s, byte %d: ", s.mark, at)+fmt.Sprintf(format, args...))
	}
	last := map[int]int{}
	for at := 0; at < len(read); {
		one, found := s.sendAt(read[at:])
		if one == nil && cut && headPart.MatchString(read[at:]) {
			break
		}
		if one == nil {
			complain(at, "nobody typed %.40q", read[at:])
			at += nextHead(read[at:])
			continue
		}
		typed := one.typed()
		if rest := read[at:]; !strings.HasPrefix(rest, typed) {
			if cut && strings.HasPrefix(typed, rest) {
				break
			}
			complain(at, "%s (%d bytes) did not arrive as it was typed: after %d bytes %.40q", found, len(typed), common(rest, typed), rest[common(rest, typed):])
			at += nextHead(rest)
			continue
		}
		if one.outcome == refused {
			complain(at, "%s arrived, though it was refused", found)
		}
		if one.arrived {
			complain(at, "%s arrived twice", found)
		} else if before, ok := last[one.client]; ok && before > one.number && !one.left {
			complain(at, "%s arrived after %d of the same client", found, before)
		}
		if !one.left {
			last[one.client] = max(last[one.client], one.number)
		}
		one.arrived = true
		at += len(typed)
	}
	return append(wrong, s.missing(last, cut)...)
}

// missing are the sends that were answered with success and did not arrive.
func (s *session) missing(last map[int]int, cut bool) (wrong []string) {
	for client, sends := range s.sends {
		for _, one := range sends {
			if one.outcome == done && !one.arrived && (!cut || one.number < last[client]) {
				wrong = append(wrong, fmt.Sprintf("%s: %d.%d was answered with success and did not arrive", s.mark, client, one.number))
			}
			one.arrived = false
		}
	}
	return wrong
}

// sendAt finds which send starts here.
func (s *session) sendAt(read string) (one *send, name string) {
	m := heads.FindStringSubmatchIndex(read[:min(40, len(read))])
	if m == nil || m[0] != 0 {
		return nil, ""
	}
	client, _ := strconv.Atoi(read[m[2]:m[3]])
	number, _ := strconv.Atoi(read[m[4]:m[5]])
	if sends := s.sends[client]; number < len(sends) {
		return sends[number], read[m[2]:m[5]]
	}
	return nil, ""
}

// nextHead is how far it is to what may be the next send.
func nextHead(read string) int {
	if m := heads.FindStringIndex(read[1:]); m != nil {
		return 1 + m[0]
	}
	return len(read)
}

func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
