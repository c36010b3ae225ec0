package main

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"

	"interplexer/api/client"
)

// writeTable prints rows in aligned columns. The first row is the heading, if the
// table has one.
func writeTable(w io.Writer, rows [][]string) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, row := range rows {
		fmt.Fprintln(t, strings.Join(row, "\t"))
	}
	return t.Flush()
}

// writeJSON prints v as indented JSON, for scripts.
func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// timeCell returns t in RFC 3339 and UTC, or ifNil.
func timeCell(t *time.Time, ifNil string) string {
	if t == nil {
		return ifNil
	}
	return t.UTC().Format(time.RFC3339)
}

// labelsCell returns the labels as NAME=VALUE, sorted and separated by commas.
func labelsCell(labels client.Labels) string {
	var cells []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		cells = append(cells, name+"="+labels[name])
	}
	return strings.Join(cells, ",")
}

// commandCell returns a command on one line, quoted where needed and cut to
// 60 characters.
func commandCell(command []string) string {
	const maxLength = 60
	var words []string
	for _, word := range command {
		if !unquotedWord.MatchString(word) {
			word = strconv.Quote(word)
		}
		words = append(words, word)
	}
	text := []rune(strings.Join(words, " "))
	if len(text) > maxLength {
		return string(text[:maxLength-1]) + "…"
	}
	return string(text)
}

// unquotedWord matches the words that a shell takes literally.
var unquotedWord = regexp.MustCompile(`^[A-Za-z0-9_./:=@%+-]+$`)

// shellQuote quotes s for a POSIX shell.
func shellQuote(s string) string { return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'" }
