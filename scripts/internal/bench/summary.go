package main

import (
	"fmt"
	"io"
)

// summary is the result of a benchmark that has no table.
type summary struct {
	Benchmark string             `json:"benchmark"`
	Machine   machine            `json:"machine"`
	Figures   map[string]float64 `json:"figures"`
	Verdicts  []verdict          `json:"verdicts"`
	lines     []string           // for people
}

// note adds a figure for the file of -json, and a line about it for people.
func (y *summary) note(name string, value float64, format string, args ...any) {
	y.Figures[name] = value
	y.lines = append(y.lines, fmt.Sprintf(format, args...))
}

// print writes the summary for people.
func (y *summary) print(out io.Writer) {
	fmt.Fprintf(out, "\n%s\n\n", y.Machine)
	for _, line := range y.lines {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	for _, v := range y.Verdicts {
		fmt.Fprintln(out, v)
	}
}

// verdict says whether a run kept one promise.
type verdict struct {
	Promise string  `json:"promise"`
	Wanted  float64 `json:"wanted"`
	AtMost  bool    `json:"at_most,omitempty"` // wanted is an upper bound, not a lower one
	Found   float64 `json:"found"`
	OK      bool    `json:"ok"`
}

func atLeast(promise string, found, wanted float64) verdict {
	return verdict{Promise: promise, Wanted: wanted, Found: found, OK: found >= wanted}
}

func atMost(promise string, found, wanted float64) verdict {
	return verdict{Promise: promise, Wanted: wanted, AtMost: true, Found: found, OK: found <= wanted}
}

func (v verdict) String() string {
	word := "ok  "
	if !v.OK {
		word = "MISS"
	}
	bound := "at least"
	if v.AtMost {
		bound = "at most"
	}
	return fmt.Sprintf("%s  %s: %.3g, wanted %s %g", word, v.Promise, v.Found, bound, v.Wanted)
}
