package api

import (
	"net/http"
	"strings"
)

// entityTags are those of an If-None-Match (RFC 9110, 13.1.2).
type entityTags struct {
	given bool
	any   bool // "*"
	tags  []string
}

// ifNoneMatch reads the header; what is malformed in it matches nothing.
func ifNoneMatch(r *http.Request) entityTags {
	lines := r.Header["If-None-Match"]
	if len(lines) == 0 {
		return entityTags{}
	}
	e := entityTags{given: true}
	for _, line := range lines {
		e.read(line)
	}
	return e
}

// read takes one line: "*" or a list of tags, each weak (W/"…") or strong. A
// tag may hold commas.
func (e *entityTags) read(line string) {
	if strings.Trim(line, " \t") == "*" {
		e.any = true
		return
	}
	for {
		line = strings.TrimLeft(line, " \t,")
		tag := strings.TrimPrefix(line, "W/")
		if !strings.HasPrefix(tag, `"`) {
			return
		}
		end := strings.IndexByte(tag[1:], '"')
		if end < 0 {
			return
		}
		e.tags = append(e.tags, tag[:end+2])
		line = tag[end+2:]
	}
}

// match compares weakly, as If-None-Match wants: the tags' texts count.
func (e *entityTags) match(etag string) bool {
	if e.any {
		return true
	}
	for _, tag := range e.tags {
		if tag == etag {
			return true
		}
	}
	return false
}
