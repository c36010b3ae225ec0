package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

var (
	heads    = regexp.MustCompile(`\x02([0-9]+)\.([0-9]+):`)
	headPart = regexp.MustCompile(`^\x02[0-9]*\.?[0-9]*$`)
)

// judgeTyped compares what a session's program has read with what was typed:
// what was answered with success once and whole and in its client's order,
// what is unknown at most once, what was refused never. cut: the program was
// ended, and what came last may be missing.
func (l *ledger) judgeTyped(s *life, read string, cut bool) (wrong []string) {
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
func (s *life) missing(last map[int]int, cut bool) (wrong []string) {
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
func (s *life) sendAt(read string) (one *send, name string) {
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
