package api

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"interplexer/api/session"
)

// sessionFields are the names of a session's fields.
var sessionFields = func() (names []string) {
	for _, field := range reflect.VisibleFields(reflect.TypeFor[sessionJSON]()) {
		name, _, _ := strings.Cut(field.Tag.Get("json"), ",")
		names = append(names, name)
	}
	return names
}()

// fieldsQuery reads which fields of a session are wanted; nil: all.
func fieldsQuery(c *gin.Context) ([]string, error) {
	text, given := c.GetQuery("fields")
	if !given {
		return nil, nil
	}
	names := strings.Split(text, ",")
	for i, name := range names {
		switch {
		case !slices.Contains(sessionFields, name):
			return nil, invalid([]session.FieldError{{Field: "fields", Detail: "must be some of " + strings.Join(sessionFields, ",")}})
		case slices.Contains(names[:i], name):
			return nil, invalid([]session.FieldError{{Field: "fields", Detail: "names " + name + " twice"}})
		}
	}
	return names, nil
}

// trimmed is a session with only the fields given, in their own order; nil: all.
func trimmed(one sessionJSON, fields []string) any {
	if fields == nil {
		return one
	}
	return trimmedJSON{one, fields}
}

type trimmedJSON struct {
	session sessionJSON
	fields  []string
}

func (t trimmedJSON) MarshalJSON() ([]byte, error) {
	whole, err := json.Marshal(t.session)
	if err != nil {
		return nil, err
	}
	text := []byte{'{'}
	for pair := range slices.Chunk(jsonParts(whole), 2) {
		if name, _ := decodeText(pair[0]); slices.Contains(t.fields, name) {
			if len(text) > 1 {
				text = append(text, ',')
			}
			text = append(append(append(text, pair[0]...), ':'), pair[1]...)
		}
	}
	return append(text, '}'), nil
}
