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
	// thinkTime is about how long a user waits between two keys.
	thinkTime = 4 * time.Millisecond
)

// runBulk measures what one user's keys and polls take while a second captures
// a long history again and again and a third pastes a megabyte again and again,
// beside what they take when nobody else is there.
func runBulk(ctx context.Context, args []string, out io.Writer) error {
	return withBench(ctx, "bulk", args, out, func(ctx context.Context, b *bench, y *summary) error {
		ours, err := b.service(ctx, "a", "", "--history-limit", fmt.Sprint(historyLines))
		if err != nil {
			return err
		}
		if err := ours.furnish(ctx, 1); err != nil {
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
		seen, err := b.beside(ctx, ours.target, out,
			func(ctx context.Context) error { return untilStoppedDo(ctx, &histories, reader.capture) },
			func(ctx context.Context) error { return untilStoppedDo(ctx, &pastes, paster.paste) })
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%.1f histories of %d lines and %.1f pastes of %d bytes a second\n",
			float64(histories.Load())/seen.busy.Seconds(), historyLines, float64(pastes.Load())/seen.busy.Seconds(), pasteBytes)
		seen.judge(y)
		return nil
	})
}

// besideOthers are what keys and polls took when nobody else was there, and when
// others were busy.
type besideOthers struct {
	keys, polls map[string][]figures // idle and busy
	busy        time.Duration        // how long others were
}

// beside measures both in turns. What others do ends with its context.
func (b *bench) beside(ctx context.Context, t *target, out io.Writer, others ...func(context.Context) error) (besideOthers, error) {
	seen := besideOthers{keys: map[string][]figures{}, polls: map[string][]figures{}}
	measure := func(ctx context.Context, name string) error {
		key, poll, err := typeAndPoll(ctx, t, b.duration)
		seen.keys[name], seen.polls[name] = append(seen.keys[name], key), append(seen.polls[name], poll)
		return err
	}
	for round := range b.rounds {
		fmt.Fprintf(out, "round %d of %d\n", round+1, b.rounds)
		if err := measure(ctx, "idle"); err != nil {
			return seen, err
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
			return seen, err
		}
		seen.busy += time.Since(began)
	}
	return seen, nil
}

// judge notes the figures, and that others may make the slowest five times as slow.
func (o besideOthers) judge(y *summary) {
	for _, what := range []struct {
		name string
		seen map[string][]figures
	}{{"keys", o.keys}, {"polls", o.polls}} {
		idle, busy := medians(what.seen["idle"]), medians(what.seen["busy"])
		for name, f := range map[string]figures{"idle": idle, "busy": busy} {
			y.note(what.name+" "+name+" p99 ms", milliseconds(f.P99), "%-6s %s   p50 %7.3f ms   p99 %7.3f ms", what.name, name, milliseconds(f.P50), milliseconds(f.P99))
		}
		y.Verdicts = append(y.Verdicts, atMost("p99 of "+what.name+" over that of an idle service", float64(busy.P99)/float64(idle.P99), 5))
	}
}

// typeAndPoll types a key and looks at the screen, which therefore is captured
// anew, again and again.
func typeAndPoll(ctx context.Context, t *target, d time.Duration) (keys, polls figures, err error) {
	c, err := dial(ctx, t.addr)
	if err != nil {
		return figures{}, figures{}, err
	}
	defer c.close()
	s := t.seats[0]
	poll := pollStep(t, s)
	key := t.request("POST", "/api/sessions/"+s.id+"/send-keys", `{"text":"x"}`)
	var typed, polled []time.Duration
	for until := time.Now().Add(d); time.Now().Before(until); {
		time.Sleep(thinkTime/2 + rand.N(thinkTime))
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

// errNotNow: a program has yet to read what was pasted before, say.
var errNotNow = errors.New("bench: not now")

// untilStoppedDo counts how often something is done before ctx is.
func untilStoppedDo(ctx context.Context, done *atomic.Int64, do func(context.Context) error) error {
	for {
		err := do(ctx)
		switch {
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, errNotNow):
		case err != nil:
			return err
		default:
			done.Add(1)
		}
	}
}

// bulkUser is another user with a session of their own.
type bulkUser struct {
	*target
	at string // the session
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
	return &bulkUser{target: t, at: "http://" + t.addr + "/api/sessions/" + id}, err
}

// newReader is a user whose session has a long history.
func (p *interplexer) newReader(ctx context.Context) (*bulkUser, error) {
	u, err := p.newBulkUser(ctx, "reader", "sh", "-c", fmt.Sprintf("seq -f '%%075.0f' %d; exec cat", historyLines))
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, startTime)
	defer cancel()
	for {
		err := u.capture(ctx)
		if !errors.Is(err, errNotNow) && !errors.Is(err, errWrongBody) { // while the history is made it moves
			return u, err
		}
	}
}

// capture captures the history, and expects all of it.
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

// newPaster is a user whose program swallows what is pasted.
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
	request, err := http.NewRequestWithContext(ctx, method, u.at+path, bytes.NewReader(body))
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
		return nil, errNotNow
	}
	return nil, fmt.Errorf("%w: %s %s: status %d: %.300q", errResponse, method, path, response.StatusCode, text)
}
