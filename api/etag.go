package api

import (
	"net/http"
	"strings"
)

// entityTags are the lines of an If-None-Match (RFC 9110, 13.1.2), read when
// they are compared: that makes no garbage.
type entityTags []string

func ifNoneMatch(r *http.Request) entityTags { return r.Header["If-None-Match"] }

// match compares weakly, as If-None-Match wants: the tags' texts count. What is
// malformed matches nothing.
func (e entityTags) match(etag string) bool {
	for _, line := range e {
		if matchLine(line, etag) {
			return true
		}
	}
	return false
}

// matchLine reads one line: "*" or a list of tags, each weak (W/"…") or strong.
// A tag may hold commas.
func matchLine(line, etag string) bool {
	if strings.Trim(line, " \t") == "*" {
		return true
	}
	for {
		tag := strings.TrimPrefix(strings.TrimLeft(line, " \t,"), "W/")
		if !strings.HasPrefix(tag, `"`) {
			return false
		}
		end := strings.IndexByte(tag[1:], '"')
		if end < 0 {
			return false
		}
		if tag[:end+2] == etag {
			return true
		}
		line = tag[end+2:]
	}
}
