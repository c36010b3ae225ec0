// Package expect waits for a pane: until a pattern matches its text, until its
// program has been quiet for a time, or until it has ended. It can type first, and
// then tells the answer from the echo of its own typing.
//
// The main types: Waiter, which api calls; waiting, which is one wait; scrollback,
// which reads the pane's text from a place on, however fast it scrolls; echo, which
// knows what was typed and leaves it out of that text; ttyMode, which is how the
// pane's terminal treats input, and so whether it echoes.
//
// The decision that some text is an echo is in echo.strip.
package expect
