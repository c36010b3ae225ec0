package api

import (
	"fmt"
	"regexp"
	"strconv"

	"interplexer/api/session"
)

// eventID is the place in a stream that an event leads to: what the client has
// seen of the pane's output, and which screen.
type eventID struct {
	cursor session.Cursor
	etag   string // "": none yet
}

func (id eventID) String() string {
	etag := id.etag
	if etag != "" {
		etag = etag[1 : len(etag)-1]
	}
	return fmt.Sprintf("%s.%s.%d.%s", id.cursor.Pane[1:], id.cursor.Epoch, id.cursor.Offset, etag)
}

var eventIDForm = regexp.MustCompile(`^([0-9]{1,10})\.([0-9a-f]{12})\.([0-9]{1,19})\.([0-9a-f]{32})?$`)

// parseEventID reads what String wrote; anything else is nobody's place.
func parseEventID(text string) (id eventID, ok bool) {
	m := eventIDForm.FindStringSubmatch(text)
	if m == nil {
		return eventID{}, false
	}
	offset, err := strconv.ParseUint(m[3], 10, 64)
	id.cursor = session.Cursor{Pane: "%" + m[1], Epoch: m[2], Offset: offset}
	if m[4] != "" {
		id.etag = `"` + m[4] + `"`
	}
	return id, err == nil
}
