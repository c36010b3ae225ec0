package api

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"interplexer/api/session"
)

// object is a JSON object that is decoded strictly. A decoder takes the fields one
// by one and ends with done. A field that nobody took is an error, and so are a
// duplicate, a value of another type and text that has no UTF-8 form. A null
// field counts as absent.
//
// encoding/json would let the last duplicate win, match names in any case and
// turn a lone surrogate into U+FFFD, which would then be typed into a terminal.
type object struct {
	fields map[string]json.RawMessage
	errors []session.FieldError
}

type member struct {
	name  string
	value json.RawMessage
}

// parseObject returns badRequest if the body is not a JSON object, or has a field
// twice. The body must be valid UTF-8.
func parseObject(body []byte) (*object, error) {
	if kindOf(body) != '{' && json.Valid(body) {
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

// whyInvalid says where the JSON is wrong, in encoding/json's words.
func whyInvalid(body []byte) error {
	var syntax *json.SyntaxError
	if errors.As(json.Unmarshal(body, new(json.RawMessage)), &syntax) {
		return badRequest(fmt.Sprintf("The body is not JSON: %s at byte %d.", syntax, syntax.Offset))
	}
	return badRequest("The body is not JSON.")
}

// membersOf splits an object. It returns badRequest if raw is not JSON, or has a
// field twice.
func membersOf(raw json.RawMessage) ([]member, error) {
	parts, err := jsonParts(raw)
	if err != nil {
		return nil, whyInvalid(raw)
	}
	members := make([]member, 0, len(parts)/2)
	seen := make(map[string]bool) // without a size, a small one needs no allocation
	for pair := range slices.Chunk(parts, 2) {
		name, problem := decodeText(pair[0])
		if problem != "" {
			return nil, badRequest(fmt.Sprintf("A field's name %s: %q.", problem, session.Shorten(string(pair[0]))))
		}
		if seen[name] {
			return nil, badRequest(fmt.Sprintf("The body has the field %q twice.", session.Shorten(name)))
		}
		seen[name] = true
		members = append(members, member{name, pair[1]})
	}
	return members, nil
}

// done returns the errors in the fields that were taken, and one for each field
// that nobody took.
func (o *object) done() error {
	for name := range o.fields {
		o.fail(session.Shorten(name), "unknown field")
	}
	return invalid(o.errors)
}

func (o *object) fail(field, detail string) {
	o.errors = append(o.errors, session.FieldError{Field: field, Detail: detail})
}

// take removes a field and returns its value, nil if it is absent or null.
func (o *object) take(name string) json.RawMessage {
	raw := o.fields[name]
	delete(o.fields, name)
	if kindOf(raw) == 'n' {
		return nil
	}
	return raw
}

// text takes a string; nil if it is absent or wrong.
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

// texts takes an array of strings; nil if it is absent or wrong.
func (o *object) texts(name string) []string {
	raw := o.take(name)
	if raw == nil {
		return nil
	}
	if kindOf(raw) != '[' {
		o.fail(name, "must be an array of strings")
		return nil
	}
	values, err := jsonParts(raw)
	if err != nil { // parseObject has read it before
		o.fail(name, "must be an array of strings")
		return nil
	}
	texts := make([]string, 0, len(values))
	for i, v := range values {
		text, problem := decodeText(v)
		if problem != "" {
			o.fail(fmt.Sprintf("%s[%d]", name, i), problem)
			return nil // the first wrong element is enough
		}
		texts = append(texts, text)
	}
	return texts
}

// patch takes an object of strings and nulls. A null becomes a nil pointer.
func (o *object) patch(name string) (map[string]*string, error) {
	members, err := o.members(name, "must be an object of strings and nulls")
	if members == nil {
		return nil, err
	}
	texts := make(map[string]*string, len(members))
	for _, m := range members {
		if kindOf(m.value) == 'n' {
			texts[m.name] = nil
		} else if text, ok := o.memberText(name, m); ok {
			texts[m.name] = &text
		}
	}
	return texts, nil
}

// members takes an object; nil if it is absent or wrong. detail says how it must
// look.
func (o *object) members(name, detail string) ([]member, error) {
	raw := o.take(name)
	if raw == nil {
		return nil, nil
	}
	if kindOf(raw) != '{' {
		o.fail(name, detail)
		return nil, nil
	}
	return membersOf(raw)
}

// memberText decodes a member of the object called name.
func (o *object) memberText(name string, m member) (string, bool) {
	text, problem := decodeText(m.value)
	if problem != "" {
		o.fail(name+"."+session.Shorten(m.name), problem)
	}
	return text, problem == ""
}

// dictionary takes an object of strings.
func (o *object) dictionary(name string) (map[string]string, error) {
	members, err := o.members(name, "must be an object of strings")
	if members == nil {
		return nil, err
	}
	texts := make(map[string]string, len(members))
	for _, m := range members {
		if text, ok := o.memberText(name, m); ok {
			texts[m.name] = text
		}
	}
	return texts, nil
}

// integer takes a whole number; zero if it is absent. A number below one is an
// error, because the domain reads zero as absent.
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
