package client

import "strings"

// Error is an answer that is an RFC 9457 problem.
type Error struct{ Problem Problem }

// Kind is the last part of the problem's type, such as "not-found"; "" for an
// answer that was not the service's own.
func (e *Error) Kind() string {
	kind, _ := strings.CutPrefix(e.Problem.Type, "urn:interplexer:problem:")
	return kind
}

func (e *Error) Error() string {
	text := e.Problem.Title
	if e.Problem.Detail != "" {
		text += ": " + e.Problem.Detail
	}
	if e.Problem.Errors != nil {
		for _, field := range *e.Problem.Errors {
			text += " " + field.Field + ": " + field.Detail + "."
		}
	}
	return text
}
