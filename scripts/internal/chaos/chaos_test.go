package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

var (
	lasts = flag.Duration("chaos.for", 10*time.Second, "time of load and faults on each store")
	seed  = flag.Uint64("chaos.seed", rand.Uint64N(1_000_000), "of faults and choices; default random")
)

// The service, with the race detector, keeps its promises while faults break
// everything that it depends on.
func TestChaos(t *testing.T) {
	folder := t.TempDir()
	build(t, folder, "-race", "./cmd/interplexer")
	build(t, folder, "./scripts/internal/chaos")
	for _, store := range []string{"sqlite", "postgres"} {
		t.Run(store, func(t *testing.T) {
			t.Parallel()
			cmd := exec.CommandContext(t.Context(), filepath.Join(folder, "chaos"), "-v",
				"-interplexer", filepath.Join(folder, "interplexer"),
				"-for", lasts.String(), "-store", store, "-seed", fmt.Sprint(*seed))
			// Then it ends the processes that it has started.
			cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
			out, err := cmd.CombinedOutput()
			t.Logf("%s", out)
			require.NoError(t, err)
			require.Contains(t, string(out), "chaos: ok")
		})
	}
}

func build(t *testing.T, folder string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", append([]string{"build", "-buildvcs=false", "-o", folder + "/"}, args...)...)
	cmd.Dir = filepath.Join("..", "..", "..")
	out, err := cmd.CombinedOutput()
	require.NoErrorf(t, err, "go build %s: %s", strings.Join(args, " "), out)
}
