package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"
)

const (
	historyLines = 50_000
	pasteBytes   = 1 << 20
	// keyInterval is the mean time that a user waits between two keys.
	keyInterval = 4 * time.Millisecond
)

// runBulk measures the latency of one user's keys and polls, while a second user
// captures a long history again and again and a third user pastes a megabyte again
// and again. It compares that with the latency when no other user is there.
func runBulk(ctx context.Context, args []string, out io.Writer) error {
	return withSummary(ctx, "bulk", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.startService(ctx, "a", "", "--history-limit", fmt.Sprint(historyLines))
		if err != nil {
			return err
		}
		if err := ours.createSessions(ctx, 1); err != nil {
			return err
		}
		reader, err := ours.newReader(ctx)
		if err != nil {
			return err
		}
		paster, err := ours.newPaster(ctx)
		if err != nil {
			return err
		}
		var histories, pastes atomic.Int64
		measured, err := b.measureUser(ctx, ours.target, out,
			func(ctx context.Context) error { return repeatUntilDone(ctx, &histories, reader.capture) },
			func(ctx context.Context) error { return repeatUntilDone(ctx, &pastes, paster.paste) })
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%.1f histories of %d lines and %.1f pastes of %d bytes a second\n",
			float64(histories.Load())/measured.busy.Seconds(), historyLines, float64(pastes.Load())/measured.busy.Seconds(), pasteBytes)
		measured.judge(y)
		return nil
	})
}

// userLatency has the latency of one user's keys and polls, when no other user is
// there ("idle") and when others are ("busy").
type userLatency struct {
	keys, polls map[string][]figures // by "idle" and "busy", then by round
	busy        time.Duration        // for which others were there
}

// measureUser measures a user of t in each round, first alone and then beside
// others, whose functions return when their context is done.
func (b *bench) measureUser(ctx context.Context, t *target, out io.Writer, others ...func(context.Context) error) (userLatency, error) {
	measured := userLatency{keys: map[string][]figures{}, polls: map[string][]figures{}}
	measure := func(ctx context.Context, name string) error {
		key, poll, err := typeAndPoll(ctx, t, b.duration)
		measured.keys[name], measured.polls[name] = append(measured.keys[name], key), append(measured.polls[name], poll)
		return err
	}
	for round := range b.rounds {
		fmt.Fprintf(out, "round %d of %d\n", round+1, b.rounds)
		if err := measure(ctx, "idle"); err != nil {
			return measured, err
		}
		working, stop := context.WithCancel(ctx)
		group, working := errgroup.WithContext(working)
		for _, do := range others {
			group.Go(func() error { return do(working) })
		}
		began := time.Now()
		err := measure(working, "busy")
		stop()
		if err := errors.Join(err, group.Wait()); err != nil {
			return measured, err
		}
		measured.busy += time.Since(began)
	}
	return measured, nil
}

// judge notes the figures. Others may make the p99 five times as long.
func (o userLatency) judge(y *summary) {
	for _, of := range []struct {
		name     string
		measured map[string][]figures
	}{{"keys", o.keys}, {"polls", o.polls}} {
		idle, busy := medians(of.measured["idle"]), medians(of.measured["busy"])
		for name, f := range map[string]figures{"idle": idle, "busy": busy} {
			y.note(of.name+" "+name+" p99 ms", milliseconds(f.P99), "%-6s %s   p50 %7.3f ms   p99 %7.3f ms", of.name, name, milliseconds(f.P50), milliseconds(f.P99))
		}
		y.Verdicts = append(y.Verdicts, atMost("p99 of "+of.name+" over that of an idle service", float64(busy.P99)/float64(idle.P99), 5))
	}
}

// typeAndPoll types a key and requests the screen, again and again for d. The service
// has to capture each time, because a key makes the cached screen old.
func typeAndPoll(ctx context.Context, t *target, d time.Duration) (keys, polls figures, err error) {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return figures{}, figures{}, err
	}
	defer c.close()
	s := t.sessions[0]
	poll := pollStep(t, s)
	key := t.request("POST", "/api/sessions/"+s.id+"/send-keys", `{"text":"x"}`)
	var typed, polled []time.Duration
	for until := time.Now().Add(d); time.Now().Before(until); {
		time.Sleep(keyInterval/2 + rand.N(keyInterval))
		begin := time.Now()
		if _, err := c.do(key, 204); err != nil {
			return figures{}, figures{}, err
		}
		between := time.Now()
		if err := poll(c); err != nil {
			return figures{}, figures{}, err
		}
		typed, polled = append(typed, between.Sub(begin)), append(polled, time.Since(between))
	}
	if len(typed) == 0 {
		return figures{}, figures{}, errNothing
	}
	return newFigures(typed, d), newFigures(polled, d), nil
}

// errBusy reports a 503: the program has not read the paste before, for example.
var errBusy = errors.New("bench: not now")

// repeatUntilDone calls do until ctx is done, and counts the calls that succeed.
func repeatUntilDone(ctx context.Context, count *atomic.Int64, do func(context.Context) error) error {
	for {
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errBusy):
		case err != nil:
			return err
		default:
			count.Add(1)
		}
	}
}

// bulkUser is another user, with one session.
type bulkUser struct {
	*target
	url string // of the session
}

func (p *interplexer) newBulkUser(ctx context.Context, name string, command ...string) (*bulkUser, error) {
	if _, err := p.cli(ctx, "user", "add", name); err != nil {
		return nil, err
	}
	token, err := p.cli(ctx, "token", "create", "--user", name, "--expires", "24h")
	if err != nil {
		return nil, err
	}
	t := &target{name: name, addr: p.addr, token: token}
	c, err := dial(ctx, t.addr)
	if err != nil {
		return nil, err
	}
	defer c.close()
	id, err := t.create(c, command)
	return &bulkUser{target: t, url: "http://" + t.addr + "/api/sessions/" + id}, err
}

// newReader returns a user whose session has a long history.
func (p *interplexer) newReader(ctx context.Context) (*bulkUser, error) {
	u, err := p.newBulkUser(ctx, "reader", "sh", "-c", fmt.Sprintf("seq -f '%%075.0f' %d; exec cat", historyLines))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := u.capture(ctx)
		if !errors.Is(err, errBusy) && !errors.Is(err, errWrongBody) { // the history grows
			return u, err
		}
	}
}

// capture requests the history, and expects all of it.
func (u *bulkUser) capture(ctx context.Context) error {
	body, err := u.do(ctx, "GET", "/capture-pane?start=-&trim=true", nil, 200)
	if errors.Is(err, io.ErrUnexpectedEOF) {
		err = fmt.Errorf("%w: %w", errWrongBody, err)
	}
	if err == nil && (bytes.Count(body, []byte("\n")) != historyLines || len(body) != historyLines*76) {
		err = fmt.Errorf("%w: a history of %d bytes", errWrongBody, len(body))
	}
	return err
}

// newPaster returns a user whose program discards its input.
func (p *interplexer) newPaster(ctx context.Context) (*bulkUser, error) {
	return p.newBulkUser(ctx, "paster", "sh", "-c", "stty raw -echo; exec cat >/dev/null")
}

func (u *bulkUser) paste(ctx context.Context) error {
	body, err := json.Marshal(map[string]string{"paste": strings.Repeat("0123456789abcde\n", pasteBytes/16)})
	if err != nil {
		return err
	}
	_, err = u.do(ctx, "POST", "/send-keys", body, 204)
	return err
}

func (u *bulkUser) do(ctx context.Context, method, path string, body []byte, status int) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, method, u.url+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Authorization", "Bearer "+u.token)
	if body != nil {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	switch response.StatusCode {
	case status:
		return text, err
	case http.StatusServiceUnavailable:
		return nil, errBusy
	}
	return nil, fmt.Errorf("%w: %s %s: status %d: %.300q", errResponse, method, path, response.StatusCode, text)
}
