package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

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
