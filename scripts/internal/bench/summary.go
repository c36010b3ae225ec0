package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// summary is the outcome of a benchmark that is not a table.
type summary struct {
	Benchmark string             `json:"benchmark"`
	Machine   machine            `json:"machine"`
	Figures   map[string]float64 `json:"figures"`
	Verdicts  []verdict          `json:"verdicts"`
	lines     []string           // for people
}

func (y *summary) note(name string, value float64, format string, args ...any) {
	y.Figures[name] = value
	y.lines = append(y.lines, fmt.Sprintf(format, args...))
}

// finish prints the summary, writes the file that was asked for, and fails when
// a target was missed and that matters.
func (y *summary) finish(s settings, out io.Writer) error {
	fmt.Fprintf(out, "\n%s\n\n", y.Machine)
	for _, line := range y.lines {
		fmt.Fprintln(out, line)
	}
	fmt.Fprintln(out)
	for _, v := range y.Verdicts {
		fmt.Fprintln(out, v)
	}
	if s.jsonFile != "" {
		text, err := json.MarshalIndent(y, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(s.jsonFile, append(text, '\n'), 0o644); err != nil {
			return err
		}
	}
	if s.check && slices.ContainsFunc(y.Verdicts, func(v verdict) bool { return !v.OK }) {
		return errors.New("a target was missed")
	}
	return nil
}

// verdict tells whether one promise was kept in a run.
type verdict struct {
	Promise string  `json:"promise"`
	Wanted  float64 `json:"wanted"`
	AtMost  bool    `json:"at_most,omitempty"` // wanted is the most, not the least
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

// promised is the number of clients that the promises are made for.
const promised = 64

// judge holds the rows against the promises; a run without 64 clients, or
// without the operation, has none to keep.
func judge(m machine, rows []row) []verdict {
	capture := 20.0
	if m.CaptureLeaks {
		capture = 14
	}
	promises := []struct {
		operation, text string
		wanted          float64
		found           func(row) float64
	}{
		{opCapture, "captures per second over the spawner's", capture, rateRatio},
		{opCapture, "the spawner's p99 of captures over ours", 20, func(r row) float64 { return 1 / r.P99Ratio }},
		{opSend, "send-keys per second over the spawner's", 18, rateRatio},
		{opCreate, "create+delete per second over the spawner's", 1.3, rateRatio},
	}
	var verdicts []verdict
	for _, p := range promises {
		for _, r := range rows {
			if r.Operation == p.operation && r.Clients == promised {
				verdicts = append(verdicts, atLeast(p.text, p.found(r), p.wanted))
			}
		}
	}
	return verdicts
}

func rateRatio(r row) float64 { return r.VersusSpawner }
