package controlmode_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"interplexer/controlmode"
)

func TestParseVersion(t *testing.T) {
	for text, want := range map[string]controlmode.Version{
		"tmux 3.3a\n":      {Major: 3, Minor: 3, Suffix: "a", Text: "3.3a"},
		"3.5":              {Major: 3, Minor: 5, Text: "3.5"},
		"tmux 3.2-rc3":     {Major: 3, Minor: 2, Suffix: "-rc3", Text: "3.2-rc3"},
		"tmux 3.10":        {Major: 3, Minor: 10, Text: "3.10"},
		"tmux next-3.9":    {Major: 3, Minor: 9, Text: "next-3.9"},
		"tmux master":      {Major: 999, Text: "master"},
		"tmux openbsd-7.5": {Major: 999, Text: "openbsd-7.5"},
	} {
		version, err := controlmode.ParseVersion(text)
		require.NoError(t, err, text)
		require.Equal(t, want, version, text)
	}
}

func TestParseVersionRefusesAnythingElse(t *testing.T) {
	for _, text := range []string{"", "tmux", "tmux ", "3", "3.", ".3", "3.a", "three.two", "next-", "next-x", "-3.3", "3.-3", "3.99999999999999999999"} {
		_, err := controlmode.ParseVersion(text)
		var refused *controlmode.VersionError
		require.ErrorAs(t, err, &refused, text)
		require.Equal(t, "3.2", refused.Minimum)
	}
}

// Releases are ordered by their numbers, not by their text.
func TestCapabilitiesFollowTheNumbers(t *testing.T) {
	for text, leaks := range map[string]bool{
		"3.2": true, "3.5a": true, "next-3.5": true,
		"3.6": false, "3.6-rc": false, "3.10": false, "4.0": false, "next-3.9": false, "master": false, "openbsd-7.9": false,
	} {
		version, err := controlmode.ParseVersion(text)
		require.NoError(t, err)
		require.Equal(t, leaks, version.Has(controlmode.LeakyCapture), text)
	}
}
