package controltest_test

import "testing"

// TestExample runs what the package's example shows.
func TestExample(t *testing.T) {
	t.Run("OnARealTmux", onARealTmux)
	t.Run("OnRecording", onRecording)
}
