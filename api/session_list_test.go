package api

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"interplexer/api/session"
	"interplexer/db"
	"interplexer/db/dbtest"
)

func TestListQueries(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	for query, want := range map[string]session.PageOptions{
		"": {}, "?after=0": {},
		"?status=running&status=lost&label=a=1&label=b.c/d==&limit=1000&after=9223372036854775807": {
			Status: []session.Status{session.Running, session.Lost}, Labels: map[string]string{"a": "1", "b.c/d": "="}, Limit: 1000, After: 1<<63 - 1,
		},
	} {
		c.memory.pages = nil
		require.Equal(t, 200, c.call("GET", "/api/sessions"+query, "").status, query)
		require.Empty(t, cmp.Diff([]session.PageOptions{want}, c.memory.pages), query)
	}
	c.memory.pages = nil
	for query, fields := range map[string]string{
		"?status=": "status", "?status=ended": "status", "?status=running,lost": "status", "?label=a": "label", "?label==a": "label", "?label=a=1&label=a=2": "label",
		"?label=a%20b=1": "label", "?limit=0": "limit", "?limit=1001": "limit", "?limit=-1": "limit", "?limit=": "limit", "?limit=1.0": "limit",
		"?after=01": "after", "?after=-1": "after", "?after=x": "after", "?after=9223372036854775808": "after", "?limit=1&limit=2": "limit",
		"?fields=": "fields", "?fields=id,": "fields", "?fields=id,ID": "fields", "?fields=id,id": "fields", "?fields=id&fields=name": "fields",
		"?offset=1": "offset", "?limit=x&after=y&status=z": "after limit status",
	} {
		var got []string
		for _, f := range c.problem(c.call("GET", "/api/sessions"+query, ""), 422).Errors {
			got = append(got, f.Field)
		}
		require.Equal(t, fields, strings.Join(got, " "), query)
	}
	at := c.create("")
	c.problem(c.call("GET", at+"?fields=panes,environ", ""), 422)
	c.problem(c.call("GET", at+"?limit=1", ""), 422)
	require.Empty(t, c.memory.pages)
}

func TestFields(t *testing.T) {
	t.Parallel()
	c := start(t, nil)
	at := c.create(`{"name":"a,b\":{<é>"}`)
	for fields, want := range map[string]string{
		"id": `{"id":1}`, "name,id": `{"id":1,"name":"a,b\":{<é>"}`, "labels,panes": `{"labels":{},"panes":[{"id":"%5","window":"@3","active":true,"width":80,"height":24,"pid":123,"dead":false}]}`,
	} {
		require.JSONEq(t, want, c.call("GET", at+"?fields="+fields, "").body)
		require.JSONEq(t, "["+want+"]", c.call("GET", "/api/sessions/?fields="+fields, "").body)
	}
	all := strings.Join(sessionFields, ",")
	require.Equal(t, c.call("GET", at, "").body, c.call("GET", at+"?fields="+all, "").body)
	spec, err := loadSpec()
	require.NoError(t, err)
	require.ElementsMatch(t, slices.Collect(maps.Keys(spec.Components.Schemas["Session"].Value.Properties)), sessionFields)
}

// follow follows the links from page to page, and returns the ids on each page.
func (c *client) follow(path string) (pages []string) {
	c.t.Helper()
	for {
		a := c.call("GET", path, "")
		require.Equal(c.t, 200, a.status, a.body)
		var list []sessionJSON
		require.NoError(c.t, json.Unmarshal([]byte(a.body), &list))
		var ids []string
		for _, one := range list {
			ids = append(ids, fmt.Sprint(one.ID))
		}
		pages = append(pages, strings.Join(ids, " "))
		link := a.header.Get("Link")
		if link == "" {
			return pages
		}
		next, ok := strings.CutSuffix(strings.TrimPrefix(link, "<"), `>; rel="next"`)
		require.True(c.t, ok, link)
		_, err := url.Parse(next)
		require.NoError(c.t, err)
		path = next
	}
}

func TestPages(t *testing.T) {
	t.Parallel()
	dbtest.Stores(t, func(t *testing.T, open func() *db.Store) {
		s := startService(t, open())
		alice, bob := s.user("alice", false), s.user("bob", false)
		for i := range 6 {
			alice.create(fmt.Sprintf(`{"command":["cat"],"labels":{"odd":"%d","team":"a&b =é"}}`, i%2))
			if i == 2 {
				bob.create(`{"command":["cat"],"labels":{"odd":"0"}}`) // id 4
			}
		}
		require.Equal(t, []string{"1 2 3 5 6 7"}, alice.follow("/api/sessions"))
		require.Equal(t, []string{"1 2 3", "5 6 7"}, alice.follow("/api/sessions?limit=3"))
		require.Equal(t, []string{"1 2 3 5", "6 7"}, alice.follow("/api/sessions/?limit=4&fields=id"))
		require.Equal(t, []string{"5 6 7"}, alice.follow("/api/sessions?after=3"))
		require.Equal(t, []string{""}, alice.follow("/api/sessions?after=7&limit=1"))
		require.Equal(t, []string{"1", "3", "6"}, alice.follow("/api/sessions?label=odd=0&limit=1&status=running"))
		team := "label=team=" + url.QueryEscape("a&b =é")
		require.Equal(t, []string{"2 5", "7"}, alice.follow("/api/sessions?limit=2&label=odd=1&"+team))
		require.Equal(t, []string{""}, alice.follow("/api/sessions?label=none="))
		require.Equal(t, []string{"4"}, bob.follow("/api/sessions?limit=1"))

		alice.call("POST", "/api/sessions/2/send-keys", `{"hex":"04"}`)
		require.Eventually(t, func() bool {
			return alice.follow("/api/sessions?status=exited")[0] == "2"
		}, 20*time.Second, 10*time.Millisecond)
		require.Equal(t, []string{"1 3 5 6 7"}, alice.follow("/api/sessions?status=running&status=starting"))
		require.Equal(t, []string{"2 5 7"}, alice.follow("/api/sessions?status=running&status=exited&label=odd=1"))
	})
}
