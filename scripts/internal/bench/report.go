package main

import (
	"context"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"text/tabwriter"
	"time"

	"interplexer/controlmode"
)

// report is the result of the benchmark core.
type report struct {
	Benchmark string    `json:"benchmark"`
	Machine   machine   `json:"machine"`
	Rounds    int       `json:"rounds"`
	Seconds   float64   `json:"seconds_per_cell"`
	LogLevel  string    `json:"log_level"`
	Live      bool      `json:"live_screens"`
	Rows      []row     `json:"rows"`
	Verdicts  []verdict `json:"verdicts"`
}

// row has the figures of one operation with one number of clients.
type row struct {
	Operation   string  `json:"operation"`
	Clients     int     `json:"clients"`
	Interplexer column  `json:"interplexer"`
	Spawner     column  `json:"spawner"`
	Fixed       *column `json:"fixed,omitempty"`

	VersusSpawner float64  `json:"rate_over_spawner"`
	VersusFixed   *float64 `json:"rate_over_fixed,omitempty"`
	P50Ratio      float64  `json:"p50_over_spawner"`
	P99Ratio      float64  `json:"p99_over_spawner"`
}

// column has the medians of one target over the rounds.
type column struct {
	Rate  float64   `json:"per_second"`
	P50   float64   `json:"p50_ms"`
	P99   float64   `json:"p99_ms"`
	Rates []float64 `json:"per_second_by_round"`
}

// newCoreReport takes the medians of the rounds, and judges them.
func newCoreReport(m machine, s settings, measured map[cell][]figures) report {
	r := report{Benchmark: "core", Machine: m, Rounds: s.rounds, Seconds: s.duration.Seconds(), LogLevel: s.logLevel, Live: s.live}
	for _, op := range s.ops {
		for _, clients := range s.clients {
			r.Rows = append(r.Rows, newRow(op.name, clients, measured))
		}
	}
	r.Verdicts = judge(m, r.Rows)
	return r
}

func newRow(op string, clients int, measured map[cell][]figures) row {
	r := row{
		Operation: op, Clients: clients,
		Interplexer: newColumn(measured[cell{op, clients, "interplexer"}]),
		Spawner:     newColumn(measured[cell{op, clients, "spawner"}]),
	}
	r.VersusSpawner = r.Interplexer.Rate / r.Spawner.Rate
	r.P50Ratio = r.Interplexer.P50 / r.Spawner.P50
	r.P99Ratio = r.Interplexer.P99 / r.Spawner.P99
	if rounds, ok := measured[cell{op, clients, "fixed"}]; ok {
		fixed := newColumn(rounds)
		share := r.Interplexer.Rate / fixed.Rate
		r.Fixed, r.VersusFixed = &fixed, &share
	}
	return r
}

func newColumn(rounds []figures) column {
	m := medians(rounds)
	c := column{Rate: m.Rate, P50: milliseconds(m.P50), P99: milliseconds(m.P99)}
	for _, f := range rounds {
		c.Rates = append(c.Rates, f.Rate)
	}
	return c
}

func milliseconds(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// print writes the report for people.
func (r report) print(out io.Writer) {
	screens := ""
	if !r.Live {
		screens = " without live screens"
	}
	fmt.Fprintf(out, "\n%s\nmedians of %d rounds of %gs; A: interplexer%s, B: a server that starts tmux per call, C: a fixed 2 KB text\n\n",
		r.Machine, r.Rounds, r.Seconds, screens)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "operation\tclients\tA /s\tB /s\tC /s\tA/B\tA/C\tp50 A ms\tp50 B ms\tA/B\tp99 A ms\tp99 B ms\tA/B\t")
	for _, row := range r.Rows {
		c, share := "-", "-"
		if row.Fixed != nil {
			c, share = fmt.Sprintf("%.0f", row.Fixed.Rate), fmt.Sprintf("%.2f", *row.VersusFixed)
		}
		fmt.Fprintf(w, "%s\t%d\t%.0f\t%.0f\t%s\t%.1f\t%s\t%.2f\t%.2f\t1/%.1f\t%.2f\t%.2f\t1/%.1f\t\n",
			row.Operation, row.Clients, row.Interplexer.Rate, row.Spawner.Rate, c, row.VersusSpawner, share,
			row.Interplexer.P50, row.Spawner.P50, 1/row.P50Ratio, row.Interplexer.P99, row.Spawner.P99, 1/row.P99Ratio)
	}
	w.Flush()
	fmt.Fprintln(out)
	for _, v := range r.Verdicts {
		fmt.Fprintln(out, v)
	}
}

// promised is the number of clients that the promises are about.
const promised = 64

// judge compares the rows with the promises. A run without 64 clients, or without
// an operation, has no verdicts about it.
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

// machine describes the machine and the programs, on which the figures depend.
type machine struct {
	OS    string `json:"os"`
	Arch  string `json:"arch"`
	Cores int    `json:"cores"`
	Go    string `json:"go"`
	Tmux  string `json:"tmux"`
	// CaptureLeaks says that this tmux (3.2 to 3.5a) leaks memory when capture-pane
	// -p prints to a control client. The service then captures through a buffer,
	// which is slower.
	CaptureLeaks bool   `json:"capture_leaks"`
	Store        string `json:"store"`
}

func describeMachine(ctx context.Context, s settings) (machine, error) {
	out, err := exec.CommandContext(ctx, s.tmux, "-V").Output()
	if err != nil {
		return machine{}, fmt.Errorf("bench: %s -V: %w", s.tmux, err)
	}
	v, err := controlmode.ParseVersion(string(out))
	if err != nil {
		return machine{}, err
	}
	store := "SQLite"
	if s.databaseURL != "" {
		store = "Postgres"
	}
	return machine{
		OS: runtime.GOOS, Arch: runtime.GOARCH, Cores: runtime.NumCPU(), Go: runtime.Version(),
		Tmux: v.Text, CaptureLeaks: v.Major < 3 || v.Major == 3 && v.Minor < 6, Store: store,
	}, nil
}

func (m machine) String() string {
	form := "capture-pane -p"
	if m.CaptureLeaks {
		form = "the leak-free form, as capture-pane -p leaks"
	}
	return fmt.Sprintf("tmux %s (captures by %s), %d cores, %s/%s, %s, %s", m.Tmux, form, m.Cores, m.OS, m.Arch, m.Go, m.Store)
}
