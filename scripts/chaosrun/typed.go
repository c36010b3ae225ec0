package main

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/rand/v2"
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
