package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

const (
	screenWidth  = 80
	screenHeight = 24
)

// filler has no letter or digit of a mark, so that parts of two lines together never
// look like a mark.
const filler = "ghijlnopqrstuvwxyz"

// frameLine returns a line of a frame. Every line shows the frame's number.
func frameLine(mark string, number, line int) string {
	text := fmt.Sprintf("%s %010d %02d ", mark, number, line)
	for i := len(text); i < screenWidth-1; i++ {
		text += string(filler[(number+line+i)%len(filler)])
	}
	return text
}

// floodLine returns a line that a program prints when it floods its terminal.
func floodLine(mark string, number int) string { return fmt.Sprintf("%s %010d yes", mark, number) }

// marks matches the mark of a session: "mk", two digits for the user, and random
// digits.
var marks = regexp.MustCompile(`mk[0-9a-f]{14}`)

func newMark(user int, random uint64) string {
	return fmt.Sprintf("mk%02x%012x", user, random&(1<<48-1))
}

// foreignMark returns the first mark in a text that has another prefix than allowed.
func foreignMark(text, allowed string) string {
	for _, m := range marks.FindAllString(text, -1) {
		if !strings.HasPrefix(m, allowed) {
			return m
		}
	}
	return ""
}

// noFrame means that a screen shows no whole line yet.
const noFrame = -1

// checkScreen checks a screen of a session. It returns the newest frame number on it,
// and the violation; "" is none.
func checkScreen(mark, screen string) (newest int, wrong string) {
	if m := foreignMark(screen, mark); m != "" {
		return noFrame, "a screen of " + mark + " shows " + m
	}
	lines := strings.Split(strings.TrimSuffix(screen, "\n"), "\n")
	if len(lines) != screenHeight {
		return noFrame, fmt.Sprintf("a screen of %s has %d lines: %.200q", mark, len(lines), screen)
	}
	last := lines[screenHeight-1]
	if number, ok := lineNumber(mark, last, screenHeight-1); ok && last != floodLine(mark, number) {
		return checkFrame(mark, lines, number)
	}
	newest = noFrame
	for i, line := range lines {
		if number, ok := lineNumber(mark, line, i); ok {
			newest = max(newest, number)
		} else if !strings.HasPrefix(line, mark) && !strings.HasPrefix(mark, line) {
			return noFrame, fmt.Sprintf("a screen of %s shows %q", mark, line)
		}
	}
	return newest, ""
}

// checkFrame checks a screen whose last line is of frame number. tmux reads the output
// of a program in pieces, so that the upper lines may be those of the next frame, and
// one line between may have parts of both. Any other mixture is a violation.
func checkFrame(mark string, lines []string, number int) (newest int, wrong string) {
	meet := len(lines)
	for i := len(lines) - 1; i >= 0 && lines[i] == frameLine(mark, number, i); i-- {
		meet = i
	}
	for i := range meet {
		next := frameLine(mark, number+1, i)
		half := i == meet-1 && halves(lines[i], next, frameLine(mark, number, i))
		if lines[i] != next && !half {
			return noFrame, fmt.Sprintf("a torn screen of %s: line %d is %q above those of frame %d", mark, i, lines[i], number)
		}
	}
	if meet > 0 && lines[0] == frameLine(mark, number+1, 0) {
		number++
	}
	return number, ""
}

// halves reports whether a line starts as the first and continues as the second.
func halves(line, first, second string) bool {
	n := common(line, first)
	return len(line) == len(second) && n > 0 && strings.HasSuffix(line, second[n:])
}

// lineNumber reads the number of a whole line.
func lineNumber(mark, line string, at int) (int, bool) {
	if len(line) < len(mark)+11 || !strings.HasPrefix(line, mark+" ") {
		return 0, false
	}
	number, err := strconv.Atoi(line[len(mark)+1 : len(mark)+11])
	if err != nil {
		return 0, false
	}
	return number, line == frameLine(mark, number, at) || line == floodLine(mark, number)
}
