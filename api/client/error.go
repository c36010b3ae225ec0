package client

import (
	"encoding/json"
	"net/http"
	"strings"
)

// Error is a response that is an RFC 9457 problem. A method returns an *Error when
// the service refuses the request.
type Error struct{ Problem Problem }

// Kind returns the last part of the problem's type, such as "not-found". It
// returns "" for a response that does not come from Interplexer, for example from
// a proxy.
func (e *Error) Kind() string {
	kind, _ := strings.CutPrefix(e.Problem.Type, "urn:interplexer:problem:")
	return kind
}

// Error returns the title, the detail and the wrong fields of the problem.
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

// decode returns the value of a response, or an *Error.
func decode[T any](value *T, r *http.Response, body []byte) (T, error) {
	var zero T
	if err := problemOf(r, body); err != nil {
		return zero, err
	}
	if value == nil {
		return zero, foreignResponse(r)
	}
	return *value, nil
}

// problemOf returns the problem of a response, and nil for a success.
func problemOf(r *http.Response, body []byte) error {
	if r.StatusCode < 400 {
		return nil
	}
	e := &Error{}
	if json.Unmarshal(body, &e.Problem) != nil || e.Problem.Status == 0 {
		return foreignResponse(r)
	}
	return e
}

// foreignResponse is the error for a response that is not Interplexer's.
func foreignResponse(r *http.Response) *Error {
	return &Error{Problem: Problem{Status: r.StatusCode, Title: r.Status, Detail: "The answer is not Interplexer's."}}
}
