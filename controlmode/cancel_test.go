package controlmode_test

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

var cancels = flag.Int("cancels", 10_000, "how many calls TestCancels cancels at the least")

// Callers that give up at any moment do not change the answers of others. The moments
// are random, so any call may be answered, canceled or refused
// (ConnOptions.MaxInFlight).
func TestCancels(t *testing.T) {
	t.Parallel()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	client := connect(t, controlmode.ServerOptions{Conn: controlmode.ConnOptions{MaxInFlight: 200}})
	var canceled, answered, refused atomic.Int64
	var callers sync.WaitGroup
	for caller := range 64 {
		random := rand.New(rand.NewPCG(seed, uint64(caller)))
		callers.Go(func() {
			own := client.For(fmt.Sprint("user ", caller%8))
			for i := 0; canceled.Load() < int64(*cancels); i++ {
				want := fmt.Sprintf("%d %d %s", caller, i, strings.Repeat("x", random.IntN(500)))
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(random.IntN(3000))*time.Microsecond)
				got, err := own.Print(ctx, "display-message -p '"+want+"'")
				cancel()
				switch {
				case err == nil && got == want+"\n":
					answered.Add(1)
				case errors.Is(err, context.DeadlineExceeded):
					canceled.Add(1)
				case errors.Is(err, controlmode.ErrOverloaded):
					refused.Add(1)
				default:
					t.Errorf("asked %.40q, got %.40q, %v", want, got, err)
					return
				}
			}
		})
	}
	callers.Wait()
	t.Logf("%d canceled, %d answered, %d refused", canceled.Load(), answered.Load(), refused.Load())
	require.NotZero(t, answered.Load())
	require.Eventually(t, func() bool { // until tmux has run the abandoned commands
		return client.Ping(t.Context()) == nil
	}, 10*time.Second, time.Millisecond)
}
