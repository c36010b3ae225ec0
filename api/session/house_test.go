package session_test

import (
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// room is a package of ours, and the bounds that keep it a room.
type room struct {
	path    string   // below the module
	imports []string // of ours, at most; tests apart
	files   int      // without tests, at most
}

// usual is how many files fit in a head.
const usual = 25

// maxLines bounds the lines of a room, without tests and generated code.
const maxLines = 4900

// house is every package of ours, and what it may import.
var house = []room{
	{"controlmode/internal/wire", nil, usual},
	{"controlmode/handover", nil, usual},
	{"controlmode/internal/wiretest", []string{"controlmode/internal/wire"}, usual},
	{"controlmode/internal/ptyprocess", nil, usual},
	{"controlmode", []string{"controlmode/handover", "controlmode/internal/ptyprocess", "controlmode/internal/wire"}, 36},
	{"controlmode/controltest", []string{"controlmode"}, usual},
	{"db", nil, usual},
	{"db/dbtest", []string{"db"}, usual},
	{"api/session", nil, usual},
	{"api/session/flight", nil, usual},
	{"api/session/tty", nil, usual},
	{"api/session/render", nil, usual},
	{"api/session/tmux", []string{"api/session", "controlmode"}, usual},
	{"api/session/live", []string{"api/session", "api/session/flight", "api/session/render", "api/session/tmux", "controlmode"}, usual},
	{"api/session/expect", []string{"api/session", "api/session/live", "api/session/tty", "controlmode"}, usual},
	{"api/session/shellrun", []string{"api/session", "api/session/live", "api/session/tty", "controlmode", "controlmode/handover"}, usual},
	{"api/session/registry", []string{
		"api/session", "api/session/flight", "api/session/live", "api/session/tmux", "api/session/tty", "controlmode", "db",
	}, usual},
	{"api/session/sessiontest", []string{
		"api/access", "api/idempotency", "api/session", "api/session/expect", "api/session/registry", "api/session/shellrun",
		"controlmode", "controlmode/controltest", "db",
	}, usual},
	{"api/access", []string{"api/session", "db"}, usual},
	{"api/idempotency", []string{"api/session", "db"}, usual},
	{"api/deadline", nil, usual},
	{"api", []string{
		"api/deadline", "api/idempotency", "api/session", "api/session/live", "api/session/registry", "controlmode",
	}, 36},
	{"api/client", nil, usual},
	{"cmd/interplexer", []string{
		"api", "api/access", "api/client", "api/deadline", "api/idempotency", "api/session/expect", "api/session/live", "api/session/registry",
		"api/session/shellrun", "controlmode", "db",
	}, usual},
	{"cmd/interplexer/faults", nil, usual},
	{"scripts/internal/process", nil, usual},
	{"scripts/internal/bench", []string{"controlmode", "scripts/internal/process"}, usual},
	{"scripts/internal/chaos", []string{"cmd/interplexer/faults", "db/dbtest", "scripts/internal/process"}, usual},
}

// listed is a package as go list describes it.
type listed struct {
	ImportPath, Dir         string
	GoFiles, IgnoredGoFiles []string
	Imports                 []string
}

const module = "interplexer/"

// TestArrows holds the layout of the house: every package is in the table, imports
// only what the table allows, and is small enough to have one subject.
func TestArrows(t *testing.T) {
	t.Parallel()
	packages := listPackages(t)
	rooms := map[string]room{}
	for _, r := range house {
		rooms[r.path] = r
		_, there := packages[r.path]
		require.True(t, there, "%s is gone", r.path)
	}
	for path, p := range packages {
		r, known := rooms[path]
		require.True(t, known, "%s is not in the table", path)
		for _, name := range p.Imports {
			if ours, ok := strings.CutPrefix(name, module); ok {
				require.True(t, slices.Contains(r.imports, ours), "%s may not import %s", path, ours)
			}
		}
		files, lines := size(t, p)
		require.LessOrEqual(t, files, r.files, "files of %s", path)
		require.LessOrEqual(t, lines, maxLines, "lines of %s", path)
		t.Logf("%-28s %3d files %5d lines", path, files, lines)
	}
}

func listPackages(t *testing.T) map[string]listed {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Dir,GoFiles,IgnoredGoFiles,Imports", "./...")
	cmd.Dir = filepath.Join("..", "..")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	require.NoError(t, err)
	packages := map[string]listed{}
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			require.NoError(t, err)
		}
		packages[strings.TrimPrefix(p.ImportPath, module)] = p
	}
}

// size counts the files that somebody writes, for every system, and their lines.
func size(t *testing.T, p listed) (files, lines int) {
	t.Helper()
	for _, name := range append(p.GoFiles, p.IgnoredGoFiles...) {
		if strings.HasSuffix(name, ".gen.go") || strings.HasSuffix(name, "_test.go") {
			continue
		}
		text, err := os.ReadFile(filepath.Join(p.Dir, name))
		require.NoError(t, err)
		files++
		lines += strings.Count(string(text), "\n")
	}
	return files, lines
}
