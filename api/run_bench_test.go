package api

import (
	"flag"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

var runOverhead = flag.Int("runs", 10, "how many commands TestRunOverhead runs and prints the time of; 200 for a measurement")

// TestRunOverhead runs commands one after another on one bash, and the same
// through os/exec; it prints what each took, and judges none of it.
func TestRunOverhead(t *testing.T) {
	s := startService(t, dbtest.Open(t, db.SQLite))
	alice := s.user("alice", false)
	at := alice.bash()
	for _, command := range []string{"true", "echo hello", "ls /", "seq 1000"} {
		var whole, over, process []time.Duration
		for range *runOverhead {
			began := time.Now()
			_, a := alice.send("POST", at+"/run", `{"command":"`+command+`"}`)
			took := time.Since(began)
			r := alice.ran(a)
			require.Equal(t, 0, *r.ExitCode)
			began = time.Now()
			out, err := exec.Command("bash", "-c", command).Output()
			alone := time.Since(began)
			require.NoError(t, err)
			if command != "ls /" { // which makes columns for a terminal
				require.Equal(t, string(out), r.Output)
			}
			whole, process = append(whole, took), append(process, alone)
			over = append(over, took-time.Duration(r.Duration)*time.Millisecond)
		}
		t.Logf("%-12s run: median %v, p99 %v; over the command's own time: median %v; bash -c through os/exec: median %v",
			command, quantile(whole, 0.5), quantile(whole, 0.99), quantile(over, 0.5), quantile(process, 0.5))
	}
}

func quantile(d []time.Duration, q float64) time.Duration {
	slices.Sort(d)
	return d[min(len(d)-1, int(q*float64(len(d))))].Round(10 * time.Microsecond)
}
