// Package access says who a caller is: it knows users' tokens. Accounts answers
// which session.Principal a token belongs to, from memory, for as long as the
// store's feed of changes works; so the store is not asked on every request.
//
// api authenticates with it, and the command line makes tokens with it.
package access
