package live_test

import (
	"os"
	"testing"

	"interplexer/db/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Main(m)) }
