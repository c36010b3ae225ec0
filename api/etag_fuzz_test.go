package api

import (
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tagForm is one element of If-None-Match, and the commas and blanks before it.
var tagForm = regexp.MustCompile(`^[ \t,]*(?:W/)?("[^"]*")`)

// tagsOf are the tags in the well-formed start of one line.
func tagsOf(line string) (tags []string) {
	for {
		m := tagForm.FindStringSubmatch(line)
		if m == nil {
			return tags
		}
		tags = append(tags, m[1])
		line = line[len(m[0]):]
	}
}

// FuzzIfNoneMatch reads any header lines and compares the tags that match with those
// of the grammar.
func FuzzIfNoneMatch(f *testing.F) {
	f.Add(`"0123"`, `W/"x" , "a,b"`, "0123")
	f.Add(` * `, ``, `x`)
	f.Add(`"a" 0123 "0123"`, `w/"0123"`, "0123")
	f.Add(`,,"a""b"W/"c"`, `"`, `"`)
	f.Fuzz(func(t *testing.T, first, second, tag string) {
		etag := `"` + tag + `"`
		anything := strings.Trim(first, " \t") == "*" || strings.Trim(second, " \t") == "*"
		want := anything || slices.Contains(append(tagsOf(first), tagsOf(second)...), etag)
		tags := ifNoneMatch(&http.Request{Header: http.Header{"If-None-Match": {first, second}}})
		require.Equal(t, want, tags.match(etag), "%q, %q: %s", first, second, etag)
	})
}
