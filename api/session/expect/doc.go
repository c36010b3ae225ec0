// Package expect waits for a pane: until a pattern matches its text, until its
// program has been quiet for a time, or until the program has ended. A wait can type
// first. Then it does not match the echo of its own typing.
//
// The main types: Waiter, which api calls; waiting, which is one wait; scrollback,
// which reads the pane's text from a place on, however fast it scrolls; paneText,
// which is that text at one moment; echo, which knows the typed text and removes it
// from the pane's text; echoMode, which says whether the terminal, a line editor or
// both echo.
//
// The decision that some text is an echo is in echo.removeFrom.
package expect
