package main

import (
	"encoding/json"
	"os"
	"time"
)

// report is a benchmark's outcome.
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

// row is one operation at one number of clients.
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

// column is one target's medians over the rounds.
type column struct {
	Rate  float64   `json:"per_second"`
	P50   float64   `json:"p50_ms"`
	P99   float64   `json:"p99_ms"`
	Rates []float64 `json:"per_second_by_round"`
}

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

func (r report) writeJSON(path string) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(text, '\n'), 0o644)
}
