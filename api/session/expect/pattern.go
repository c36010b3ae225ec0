package expect

import (
	"fmt"
	"regexp"
	"regexp/syntax"

	"interplexer/api/session"
)

const (
	// maxPattern bounds a pattern's text in bytes. maxPatternSize bounds its number of
	// instructions, see size: the time of a match is about that number times the
	// length of the text.
	maxPattern     = 1000
	maxPatternSize = 2000
)

// compile compiles a pattern in RE2's syntax. ^ and $ are the ends of lines, as with
// (?m). It fails with an InvalidError that names the field.
func compile(field, pattern string) (*regexp.Regexp, error) {
	if len(pattern) > maxPattern {
		return nil, session.Invalid(field, fmt.Sprintf("is more than %d bytes", maxPattern))
	}
	tree, err := syntax.Parse(pattern, syntax.Perl&^syntax.OneLine)
	if err != nil {
		return nil, session.Invalid(field, "is not a regular expression: "+err.Error())
	}
	if size(tree) > maxPatternSize {
		return nil, session.Invalid(field, "is too large: it repeats too much")
	}
	compiled, err := regexp.Compile("(?m)" + pattern)
	if err != nil {
		return nil, session.Invalid(field, "is not a regular expression: "+err.Error())
	}
	if compiled.MatchString("") {
		return nil, session.Invalid(field, "matches nothing at all, and so at once")
	}
	return compiled, nil
}

// size is the approximate number of instructions of an expression whose repetitions
// are written out.
func size(tree *syntax.Regexp) int {
	n := 1
	if tree.Op == syntax.OpLiteral {
		n = len(tree.Rune)
	}
	for _, sub := range tree.Sub {
		n += size(sub)
	}
	if tree.Op == syntax.OpRepeat {
		n *= max(tree.Min, tree.Max, 1)
	}
	return min(n, 1<<20)
}
