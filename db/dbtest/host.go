package dbtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// maxSocketPath is the longest path of a unix socket that all systems allow: the
// sun_path of macOS, which is the shortest, without its NUL.
const maxSocketPath = 103

// binaryDirs are the directories where packages install Postgres's server programs.
var binaryDirs = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // Red Hat
	"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
}

// findBinaries returns the directory of initdb and postgres. It looks in $PATH
// first, then takes the newest version in binaryDirs.
func findBinaries() (string, error) {
	var candidates []string
	if path, err := exec.LookPath("initdb"); err == nil {
		// initdb may be a link; postgres is beside the real file.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	for _, pattern := range binaryDirs {
		found, _ := filepath.Glob(pattern) // the only error is a bad pattern
		slices.SortFunc(found, func(a, b string) int { return version(b) - version(a) })
		candidates = append(candidates, found...)
	}
	for _, c := range candidates {
		if isProgram(filepath.Join(c, "initdb")) && isProgram(filepath.Join(c, "postgres")) {
			return c, nil
		}
	}
	return "", errors.New("these tests need PostgreSQL's server programs (initdb and postgres, 13 or later), " +
		"in $PATH or where a package puts them: apt-get install postgresql, or brew install postgresql@17")
}

// version returns the number in a path such as /usr/lib/postgresql/15/bin, and 0
// for a path without one.
func version(dir string) int {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, dir)
	n, _ := strconv.Atoi(digits)
	return n
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged returns the user to run Postgres as when we are root, since it
// refuses to run as root. Otherwise it returns nil.
func unprivileged() (*syscall.Credential, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, uidErr := strconv.ParseUint(u.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(u.Gid, 10, 32)
		if uidErr == nil && gidErr == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("postgres refuses to run as root, and there is no user postgres or nobody")
}

// makeDir creates a temporary directory that belongs to owner, or to us when that
// is nil. Its path is short enough for the socket of a Postgres in it.
func makeDir(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if owner != nil || len(filepath.Join(parent, "ipx-pg-0123456789", ".s.PGSQL.5432")) > maxSocketPath {
		parent = "/tmp" // root's TMPDIR may be closed to others
	}
	dir, err := os.MkdirTemp(parent, "ipx-pg-")
	if err != nil {
		return "", fmt.Errorf("make directory: %w", err)
	}
	if owner != nil {
		if err := os.Chown(dir, int(owner.Uid), int(owner.Gid)); err != nil {
			return "", errors.Join(fmt.Errorf("make directory: %w", err), os.Remove(dir))
		}
	}
	return dir, nil
}

// children returns the pids of the child processes of parent.
func children(parent int) ([]int, error) {
	out, err := exec.Command("ps", "-A", "-o", "pid=,ppid=").Output()
	if err != nil {
		return nil, fmt.Errorf("ps: %w", err)
	}
	var pids []int
	for line := range strings.Lines(string(out)) {
		var pid, ppid int
		if _, err := fmt.Sscan(line, &pid, &ppid); err == nil && ppid == parent {
			pids = append(pids, pid)
		}
	}
	return pids, nil
}
