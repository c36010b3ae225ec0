package controlmode_test

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// imported lists a package and all that it imports.
func imported(t *testing.T, path string) (standard, other []string) {
	t.Helper()
	out, err := exec.Command("go", "list", "-deps", "-f", "{{.Standard}} {{.ImportPath}}", path).Output()
	require.NoError(t, err)
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if name, ok := strings.CutPrefix(line, "true "); ok {
			standard = append(standard, name)
		} else {
			other = append(other, strings.TrimPrefix(line, "false "))
		}
	}
	return standard, other
}

// A program that imports the library gets a pty and nothing of the service: no web
// framework, no database, no test helpers.
func TestImports(t *testing.T) {
	const self = "interplexer/controlmode"
	library := []string{"github.com/creack/pty", "golang.org/x/sys/unix", "golang.org/x/term", self + "/handover", self + "/internal/ptyprocess", self + "/internal/wire"}

	standard, other := imported(t, self)
	require.ElementsMatch(t, append(library, self), other)
	for _, heavy := range []string{"database/sql", "net", "net/http", "testing", "html/template"} {
		require.NotContains(t, standard, heavy)
	}

	standard, other = imported(t, self+"/controltest")
	require.ElementsMatch(t, append(library, self, self+"/controltest"), other)
	for _, heavy := range []string{"database/sql", "net/http"} {
		require.NotContains(t, standard, heavy)
	}
	require.Contains(t, standard, "testing", "the list is a list of packages")
}
