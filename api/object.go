package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"interplexer/api/session"
)

// object is a JSON object whose fields are taken one by one, strictly: what
// nobody takes is an error, and so is a duplicate, another type than asked for
// and text that has no UTF-8 form. A null is an absent field. It is read by
// hand because encoding/json lets the last duplicate win, matches names in any
// case and turns a lone surrogate into U+FFFD, which would be typed.
type object struct {
	fields map[string]json.RawMessage
	errors []session.FieldError
}

type member struct {
	name  string
	value json.RawMessage
}

func parseObject(body []byte) (*object, error) {
	if !json.Valid(body) {
		return nil, badRequest(whyInvalid(body))
	}
	if kindOf(body) != '{' {
		return nil, badRequest("The body must be a JSON object.")
	}
	members, err := membersOf(body)
	if err != nil {
		return nil, err
	}
	o := &object{fields: make(map[string]json.RawMessage, len(members))}
	for _, m := range members {
		o.fields[m.name] = m.value
	}
	return o, nil
}

func whyInvalid(body []byte) string {
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(body, new(json.RawMessage)), &syntax) {
		return fmt.Sprintf("The body is not JSON: %s at byte %d.", syntax, syntax.Offset)
	}
	return "The body is not JSON."
}

// membersOf splits an object that is known to be valid JSON.
func membersOf(raw json.RawMessage) ([]member, error) {
	parts := jsonParts(raw)
	members := make([]member, 0, len(parts)/2)
	seen := make(map[string]bool, len(parts)/2)
	for pair := range slices.Chunk(parts, 2) {
		name, problem := decodeText(pair[0])
		if problem != "" {
			return nil, badRequest(fmt.Sprintf("A field's name %s: %q.", problem, shorten(string(pair[0]))))
		}
		if seen[name] {
			return nil, badRequest(fmt.Sprintf("The body has the field %q twice.", shorten(name)))
		}
		seen[name] = true
		members = append(members, member{name, pair[1]})
	}
	return members, nil
}

// done reports what was wrong with the fields taken and those left over.
func (o *object) done() error {
	for name := range o.fields {
		o.fail(shorten(name), "unknown field")
	}
	return invalid(o.errors)
}

func (o *object) fail(field, detail string) {
	o.errors = append(o.errors, session.FieldError{Field: field, Detail: detail})
}

// take removes a field; nil when it is absent or null.
func (o *object) take(name string) json.RawMessage {
	raw := o.fields[name]
	delete(o.fields, name)
	if kindOf(raw) == 'n' {
		return nil
	}
	return raw
}

// text takes a string.
func (o *object) text(name string) *string {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	text, problem := decodeText(raw)
	if problem != "" {
		o.fail(name, problem)
		return nil
	}
	return &text
}

// texts takes an array of strings; nil when it is absent or wrong.
func (o *object) texts(name string) []string {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	if kindOf(raw) != '[' {
		o.fail(name, "must be an array of strings")
		return nil
	}
	values := jsonParts(raw)
	texts := make([]string, 0, len(values))
	for i, v := range values {
		text, problem := decodeText(v)
		if problem != "" {
			o.fail(fmt.Sprintf("%s[%d]", name, i), problem)
			return nil // one wrong element is enough to tell
		}
		texts = append(texts, text)
	}
	return texts
}

// dictionary takes an object of strings.
func (o *object) dictionary(name string) (map[string]string, error) {
	raw := o.take(name)
	if raw == nil {
		return nil, nil
	}
	if kindOf(raw) != '{' {
		o.fail(name, "must be an object of strings")
		return nil, nil
	}
	members, err := membersOf(raw)
	if err != nil {
		return nil, err
	}
	texts := make(map[string]string, len(members))
	for _, m := range members {
		text, problem := decodeText(m.value)
		if problem != "" {
			o.fail(name+"."+shorten(m.name), problem)
			continue
		}
		texts[m.name] = text
	}
	return texts, nil
}

// integer takes a whole number; zero when it is absent. A number below one is
// refused here, as the domain reads zero as absent.
func (o *object) integer(name string) int {
	raw := o.take(name)
	if raw == nil {
		return 0
	}
	n, err := strconv.Atoi(string(raw))
	switch {
	case errors.Is(err, strconv.ErrRange):
		o.fail(name, "is out of range")
	case err != nil:
		o.fail(name, "must be an integer")
	case n < 1:
		o.fail(name, "must be at least 1")
	}
	return n
}

// boolean takes true or false.
func (o *object) boolean(name string) (value, given bool) {
	raw := o.take(name)
	if raw == nil {
		return false, false
	}
	if k := kindOf(raw); k != 't' && k != 'f' {
		o.fail(name, "must be true or false")
		return false, false
	}
	return kindOf(raw) == 't', true
}
