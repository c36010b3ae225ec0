package api

import (
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/api/session"
)

func TestCaptureOfLinesIsBound(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	require.Equal(t, 201, c.call("POST", "/api/sessions", "").status)
	const at = "/api/sessions/1/capture-pane"
	for query, want := range map[string]session.LinesOptions{
		"?start=-":                    {First: session.HistoryStart, Last: session.ScreenEnd},
		"?start=-100&end=-1":          {First: -100, Last: -1},
		"?end=0":                      {},
		"?start=-&end=-&pane=%255":    {First: session.HistoryStart, Last: session.ScreenEnd, CaptureOptions: session.CaptureOptions{Pane: "%5"}},
		"?start=3&end=9&trim=true":    {First: 3, Last: 9, CaptureOptions: session.CaptureOptions{Trim: true}},
		"?start=-9999999&end=9999999": {First: -9_999_999, Last: 9_999_999},
	} {
		c.memory.lines = nil
		got := c.call("GET", at+query, "")
		require.Equal(t, 200, got.status, query)
		require.Equal(t, "one\ntwo\n", got.body)
		require.Empty(t, got.header.Get("ETag"))
		require.Equal(t, "no-store", got.header.Get("Cache-Control"))
		require.Equal(t, []session.LinesOptions{want}, c.memory.lines)
	}
	for body, want := range map[string]session.LinesOptions{
		`{"start":"-"}`:                      {First: session.HistoryStart, Last: session.ScreenEnd},
		`{"start":-5,"end":0}`:               {First: -5},
		`{"end":"-","trim":true}`:            {Last: session.ScreenEnd, CaptureOptions: session.CaptureOptions{Trim: true}},
		`{"lines":2001,"format":"ansi"}`:     {Last: session.ScreenEnd, CaptureOptions: session.CaptureOptions{Lines: 2001, Escapes: true}},
		`{"start":-9,"join":true,"end":"-"}`: {First: -9, Last: session.ScreenEnd, CaptureOptions: session.CaptureOptions{Join: true}},
	} {
		c.memory.lines = nil
		got := c.call("POST", at, body)
		require.Equal(t, 200, got.status, body)
		require.Equal(t, "one\ntwo\n", got.body)
		require.Equal(t, []session.LinesOptions{want}, c.memory.lines, body)
	}
	for body, field := range map[string]string{
		`{"start":"-1"}`: "start", `{"start":1.5}`: "start", `{"end":true}`: "end", `{"end":""}`: "end", `{"start":-99999999}`: "start", `{"end":-0}`: "end",
		`{"lines":1,"end":2}`: "lines", `{"lines":-1}`: "lines", `{"lines":10000000}`: "lines", `{"lines":"1"}`: "lines", `{"wait":1}`: "wait", `{"format":"x"}`: "format",
	} {
		got := c.call("POST", at, body)
		require.Equal(t, 422, got.status, body)
		require.Contains(t, got.body, `"field":"`+field+`"`, body)
	}
	for query, field := range map[string]string{
		"?start=": "start", "?start=x": "start", "?start=1.5": "start", "?end=-0": "end", "?end=99999999": "end", "?end=%2B1": "end",
		"?start=-&wait=1": "wait", "?start=--": "start",
	} {
		got := c.call("GET", at+query, "")
		require.Equal(t, 422, got.status, query)
		require.Contains(t, got.body, `"field":"`+field+`"`)
	}
	require.Equal(t, 404, c.as(bobToken).call("GET", at+"?start=-", "").status)
	c.memory.fail = session.ErrHistoryMoved
	moved := c.call("GET", at+"?start=-", "")
	require.Equal(t, 503, moved.status)
	require.Contains(t, moved.body, "history-moved")
}

// A response that cannot be completed does not look complete.
func TestCaptureOfLinesIsCutOff(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	require.Equal(t, 201, c.call("POST", "/api/sessions", "").status)
	c.memory.fail = session.ErrHistoryMoved
	r, err := http.NewRequest("GET", c.url+"/api/sessions/1/capture-pane?start=-7", nil)
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+aliceToken)
	response, err := http.DefaultClient.Do(r)
	if err == nil { // the header was sent before the cut, and the client may have got it or not
		defer func() { _ = response.Body.Close() }()
		_, err = io.ReadAll(response.Body)
	}
	require.Error(t, err)
	require.Contains(t, c.log.String(), "capture cut off")
}
