package controlmode

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Version is a tmux release, such as 3.3a.
type Version struct {
	Major, Minor int
	Suffix       string // "a", "-rc2", …
	Text         string // as tmux wrote it, without the leading "tmux "
}

// MinimumVersion is the oldest tmux that this package drives: 3.2 brought
// new-session -e and pausing.
var MinimumVersion = Version{Major: 3, Minor: 2, Text: "3.2"}

// ErrTmuxNotFound: there is no tmux to run.
var ErrTmuxNotFound = errors.New("controlmode: tmux not found")

// VersionError: the tmux found is too old, or says nothing that can be read.
type VersionError struct{ Found, Minimum string }

func (e *VersionError) Error() string {
	return fmt.Sprintf("controlmode: tmux %s found, %s or later is needed", e.Found, e.Minimum)
}

// ParseVersion reads what `tmux -V` or #{version} says: "tmux 3.3a", "3.5",
// "next-3.6" (a development build on the way to 3.6). "master" and OpenBSD's
// "openbsd-7.5", which carry no tmux version, count as newer than every
// release.
func ParseVersion(text string) (Version, error) {
	text = strings.TrimPrefix(strings.TrimSpace(text), "tmux ")
	if text == "master" || strings.HasPrefix(text, "openbsd-") {
		return Version{Major: 999, Text: text}, nil
	}
	number := strings.TrimPrefix(text, "next-")
	major, rest, ok := strings.Cut(number, ".")
	digits := 0
	for digits < len(rest) && rest[digits] >= '0' && rest[digits] <= '9' {
		digits++
	}
	a, errA := strconv.ParseUint(major, 10, 16) // no sign
	b, errB := strconv.ParseUint(rest[:digits], 10, 16)
	if !ok || errA != nil || errB != nil {
		return Version{}, &VersionError{Found: strconv.Quote(text), Minimum: MinimumVersion.Text}
	}
	return Version{Major: int(a), Minor: int(b), Suffix: rest[digits:], Text: text}, nil
}

// atLeast reports whether v is the release major.minor or a later one.
func (v Version) atLeast(major, minor int) bool {
	return v.Major > major || v.Major == major && v.Minor >= minor
}

// check refuses versions older than MinimumVersion.
func (v Version) check() error {
	if v.atLeast(MinimumVersion.Major, MinimumVersion.Minor) {
		return nil
	}
	return &VersionError{Found: v.Text, Minimum: MinimumVersion.Text}
}
