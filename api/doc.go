// Package api serves Interplexer over HTTP: it reads a request, makes one call
// to the domain (package session) and writes the response. openapi.yaml
// describes every route; a test compares it with the table in routes.go.
//
// The main types are Server, which owns the router and all held requests;
// Options, which configures it; and Registry, the interface to the domain.
// cmd/interplexer builds a Server with New, serves its HTTPServer, and calls
// Drain after the shutdown.
//
// Where to look:
//
//   - server.go: Options, the limits of the HTTP server, the shutdown.
//   - routes.go: the table of routes. handler.go: the steps around every
//     handler, and the adapters for handlers of a session.
//   - problem.go: the table from errors to problem documents (RFC 9457).
//   - request.go, response.go: reading and writing that handlers share.
//     json_object.go and text.go decode bodies strictly.
//   - request_state.go: request ids, the access log, recovery from panics.
//   - auth.go, hosts.go: tokens; protection against DNS rebinding.
//   - idempotency.go: the Idempotency-Key header.
//   - hold.go: requests that wait. tuning.go: code that is only there for speed.
//   - sessions.go, session_list.go, windows.go, panes.go: the resources.
//   - keys.go, run.go, wait.go: typing, commands, conditions.
//   - capture.go, capture_request.go, output.go: reading a pane.
//   - session_events.go, list_events.go, event.go, sse.go: server-sent events.
//   - attach.go, attach_output.go, attach_input.go: the WebSocket.
//   - health.go, metrics.go, openapi.go: the service itself.
package api
