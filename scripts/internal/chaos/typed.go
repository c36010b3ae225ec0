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

// outcome is the result of a request, as its client knows it.
type outcome int

const (
	unknown outcome = iota // no response, or one that says that the outcome is unknown
	done
	refused // the response says that nothing was done
)

// send is one request that types. Its text is made from its numbers again when it is
// needed.
type send struct {
	client, number int
	seed           uint64
	outcome        outcome
	left           bool // the client did not wait for the response: the order is not certain
	socket         bool // it is a frame of a WebSocket
	arrived        bool // used by checkTyped
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
	longText  = 12 << 10 // more than the service types as keys
	longPaste = 100 << 10
)

// head is the start of the text, which identifies the send.
func (s *send) head() string { return fmt.Sprintf("\x02%d.%d:", s.client, s.number) }

// make returns the body of the request, and the bytes that have to arrive.
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

// typed returns the bytes that have to arrive.
func (s *send) typed() string {
	if s.socket {
		return s.raw()
	}
	_, typed := s.make()
	return typed
}

// raw returns the bytes of a frame of a WebSocket.
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

// pieces are the parts of random texts: characters with a meaning to shells, terminals
// or tmux, characters of each length in UTF-8, control characters.
var pieces = []string{
	"a", "Z", "0", " ", "\t", "\n", "\r", "\x1b[A", "\x03", "\x7f", `\`, `"`, "'", "$HOME", "`", "~", ";", " ; ", "#{pid}", "#(touch x)",
	"%end 1 1 1\n", "é", "世", "🙂", "e\u0301", "\u200b", "{", "}", "--", "C-c", "\x02", "\x04", "Enter", "longer, plain text of some words",
}

// randomText returns valid UTF-8 without NUL, mostly shorter than n bytes.
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

// checkTyped compares the input that a session's program has read with the sends. A
// send that succeeded must be there once, whole, and in the order of its client. One
// whose outcome is unknown may be there once, and one that was refused must not be
// there. cut: the program was ended, so that the last input may be missing.
func (l *model) checkTyped(s *session, read string, cut bool) (wrong []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	complain := func(at int, format string, args ...any) {
		wrong = append(wrong, fmt.Sprintf("%s, byte %d: ", s.mark, at)+fmt.Sprintf(format, args...))
	}
	last := map[int]int{} // by client: the last number in order
	for at := 0; at < len(read); {
		rest := read[at:]
		one, found := s.sendAt(rest)
		if one == nil {
			if cut && headPart.MatchString(rest) {
				break
			}
			complain(at, "nobody typed %.40q", rest)
			at += nextHead(rest)
			continue
		}
		typed := one.typed()
		if !strings.HasPrefix(rest, typed) {
			if cut && strings.HasPrefix(typed, rest) {
				break
			}
			n := common(rest, typed)
			complain(at, "%s (%d bytes) did not arrive as it was typed: after %d bytes %.40q", found, len(typed), n, rest[n:])
			at += nextHead(rest)
			continue
		}
		for _, problem := range one.arrive(last) {
			complain(at, "%s arrived%s", found, problem)
		}
		at += len(typed)
	}
	return append(wrong, s.missing(last, cut)...)
}

// arrive marks a send as arrived, and says what is wrong with that.
func (one *send) arrive(last map[int]int) (wrong []string) {
	if one.outcome == refused {
		wrong = append(wrong, ", though it was refused")
	}
	if one.arrived {
		wrong = append(wrong, " twice")
	} else if before, ok := last[one.client]; ok && before > one.number && !one.left {
		wrong = append(wrong, fmt.Sprintf(" after %d of the same client", before))
	}
	if !one.left {
		last[one.client] = max(last[one.client], one.number)
	}
	one.arrived = true
	return wrong
}

// missing lists the sends that were typed with success and did not arrive.
func (s *session) missing(last map[int]int, cut bool) (wrong []string) {
	for client, sends := range s.sends {
		for _, one := range sends {
			if one.outcome == done && !one.arrived && (!cut || one.number < last[client]) {
				wrong = append(wrong, fmt.Sprintf("%s: %d.%d was typed with success and did not arrive", s.mark, client, one.number))
			}
			one.arrived = false
		}
	}
	return wrong
}

// sendAt finds the send that starts here.
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

// nextHead returns the distance to the next head.
func nextHead(read string) int {
	if m := heads.FindStringIndex(read[1:]); m != nil {
		return 1 + m[0]
	}
	return len(read)
}

// common returns the length of the common prefix.
func common(a, b string) int {
	n := 0
	for n < min(len(a), len(b)) && a[n] == b[n] {
		n++
	}
	return n
}
