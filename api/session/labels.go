package session

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Limits of a session's labels.
const (
	MaxLabels     = 32
	MaxLabelValue = 256 // characters
)

// A label's name has no =, so that name=value can be split again.
var labelForm = regexp.MustCompile(`^[A-Za-z0-9]([A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?$`)

// ValidLabelName reports whether a label may have that name.
func ValidLabelName(name string) bool { return labelForm.MatchString(name) }

// CheckLabels complains of every invalid label.
func (e *InvalidError) CheckLabels(labels map[string]string) {
	if len(labels) > MaxLabels {
		e.Complain("labels", fmt.Sprintf("are more than %d", MaxLabels))
		return
	}
	// In order, so that the same request always gets the same response.
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value := labels[name]
		switch {
		case !ValidLabelName(name):
			e.Complain("labels", fmt.Sprintf("has a name, %q, that is not up to 63 letters, digits and . _ / - with a letter or digit at each end", Shorten(name)))
		case !utf8.ValidString(value) || strings.ContainsFunc(value, unicode.IsControl):
			e.Complain("labels."+name, "holds control characters or is not UTF-8")
		case utf8.RuneCountInString(value) > MaxLabelValue:
			e.Complain("labels."+name, fmt.Sprintf("is longer than %d characters", MaxLabelValue))
		}
	}
}

// EditedLabels returns labels with changes applied as in RFC 7396: nil removes a label.
func EditedLabels(labels map[string]string, changes map[string]*string) map[string]string {
	edited := maps.Clone(labels)
	for name, value := range changes {
		switch {
		case value == nil:
			delete(edited, name)
		case edited == nil:
			edited = map[string]string{name: *value}
		default:
			edited[name] = *value
		}
	}
	return edited
}
