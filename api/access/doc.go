// Package access finds out who a caller is, by the token of a request. Accounts returns the
// session.Principal of a token. It answers from memory for as long as the store's feed of
// changes works, so a request usually needs no query.
//
// api authenticates with it, and the command line makes tokens with it.
package access
