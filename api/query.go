package api

import (
	"net/url"
	"slices"
	"strings"

	"interplexer/api/session"
)

// checkQuery refuses parameters that the route does not know: a misspelt one
// would otherwise silently do nothing; and those given twice that are not many.
func checkQuery(raw string, known, many []string) error {
	if raw == "" {
		return nil
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return badRequest("The query string is malformed.")
	}
	var fields []session.FieldError
	for name, v := range values {
		switch {
		case !slices.Contains(known, name):
			fields = append(fields, session.FieldError{Field: shorten(name), Detail: "unknown query parameter"})
		case len(v) > 1 && !slices.Contains(many, name):
			fields = append(fields, session.FieldError{Field: name, Detail: "given more than once"})
		}
	}
	return invalid(fields)
}

// invalid is nil without fields; their order is always the same.
func invalid(fields []session.FieldError) error {
	if len(fields) == 0 {
		return nil
	}
	slices.SortStableFunc(fields, func(a, b session.FieldError) int { return strings.Compare(a.Field, b.Field) })
	return &session.InvalidError{Fields: fields}
}

// shorten keeps a name that a client made up from filling an answer.
func shorten(name string) string {
	const most = 64
	runes := []rune(name)
	if len(runes) <= most {
		return name
	}
	return string(runes[:most]) + "…"
}
