package api

import (
	"os"
	"testing"

	"interplexer/db/dbtest"
)

// TestMain also is the program of a checked session (see drawFrames).
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "draw-frames" {
		drawFrames(os.Args[2])
		return
	}
	os.Exit(dbtest.Main(m))
}
