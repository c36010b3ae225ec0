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
