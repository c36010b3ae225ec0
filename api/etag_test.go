package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestIfNoneMatch(t *testing.T) {
	t.Parallel()
	const etag = `"0123"`
	for header, want := range map[string]bool{
		`"0123"`:             true,
		`W/"0123"`:           true,
		`"x", "0123"`:        true,
		`"x","0123"`:         true,
		` , "a,b" ,W/"0123"`: true,
		`*`:                  true,
		` * `:                true,
		`"0123`:              false,
		`0123`:               false,
		`"0124"`:             false,
		`w/"0123"`:           false,
		`"a" 0123 "0123"`:    false,
		`"*"`:                false,
		``:                   false,
	} {
		tags := ifNoneMatch(&http.Request{Header: http.Header{"If-None-Match": {header}}})
		require.Equal(t, want, tags.match(etag), "%q", header)
	}
	two := ifNoneMatch(&http.Request{Header: http.Header{"If-None-Match": {`"x"`, etag}}})
	require.True(t, two.match(etag), "two lines are one list")
	none := ifNoneMatch(&http.Request{Header: http.Header{}})
	require.False(t, none.match(etag))
}
