package api

import (
	"flag"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"interplexer/db"
	"interplexer/db/dbtest"
)

var (
	heldPolls = flag.Int("held", 200, "how many long-polls TestTimedManyLongPolls holds")
	heldFor   = flag.Duration("held-for", time.Second, "and for how long")
)

// processorTime is the processor time that this process has used.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	require.NoError(t, syscall.Getrusage(syscall.RUSAGE_SELF, &usage))
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// answered is an answer and the time when it came.
type answered struct {
	answer
	at time.Time
}

// hold starts n long-polls and waits until the server holds them.
func (s service) hold(c *client, at, etag string, n int) <-chan answered {
	s.t.Helper()
	answers := make(chan answered, n)
	before := s.registry.Stats().Held
	for range n {
		go func() {
			_, a := c.send("GET", at+"/capture-pane?wait=60", "", unless(etag))
			answers <- answered{a, time.Now()}
		}()
	}
	s.awaitHeld(before + n)
	return answers
}

// Held long-polls take next to no processor, and a change answers all of them.
func TestTimedManyLongPolls(t *testing.T) {
	s := startServiceHeld(t, dbtest.Open(t, db.SQLite), 0)
	alice := s.user("alice", false)
	at := alice.create(`{"command":["sh","-c","stty raw -echo; exec cat"]}`)
	answers := s.hold(alice, at, alice.poll(at+"/capture-pane", "").header.Get("ETag"), *heldPolls)
	used, began := processorTime(t), time.Now()
	<-time.After(*heldFor) // the test measures that nothing happens meanwhile
	share := float64(processorTime(t)-used) / float64(time.Since(began))
	require.Len(t, answers, 0, "nobody is answered without a change")
	changed := time.Now()
	require.Equal(t, 204, alice.call("POST", at+"/send-keys", `{"text":"x"}`).status)
	var last time.Duration
	for range *heldPolls {
		a := <-answers
		require.Equal(t, 200, a.status)
		require.True(t, strings.HasPrefix(a.body, "x"))
		last = max(last, a.at.Sub(changed))
	}
	t.Logf("%d held for %s with %.1f %% of a processor; the last was answered %s after the change (clients and race detector included)",
		*heldPolls, *heldFor, 100*share, last)
	require.Less(t, share, 0.5)
}
