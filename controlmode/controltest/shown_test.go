package controltest_test

import "testing"

// TestExample runs the package's example.
func TestExample(t *testing.T) {
	t.Run("OnARealTmux", onARealTmux)
	t.Run("OnRecording", onRecording)
}
