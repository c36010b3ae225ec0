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

// socketMax is the shortest sun_path there is (macOS), less its NUL.
const socketMax = 103

// folders are where packages put Postgres's server programs.
var folders = []string{
	"/usr/lib/postgresql/*/bin",         // Debian, Ubuntu
	"/usr/pgsql-*/bin",                  // Red Hat
	"/opt/homebrew/opt/postgresql*/bin", // Homebrew on Apple silicon
	"/usr/local/opt/postgresql*/bin",    // Homebrew on Intel
}

// findBinaries returns the folder that holds initdb and postgres.
func findBinaries() (string, error) {
	var candidates []string
	if path, err := exec.LookPath("initdb"); err == nil {
		// initdb looks for postgres beside its real self.
		if path, err = filepath.EvalSymlinks(path); err == nil {
			candidates = append(candidates, filepath.Dir(path))
		}
	}
	for _, pattern := range folders {
		found, _ := filepath.Glob(pattern) // fails only for a bad pattern
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

// version is the number in a folder such as /usr/lib/postgresql/15/bin.
func version(folder string) int {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, folder)
	n, _ := strconv.Atoi(digits) // no number sorts last
	return n
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// unprivileged is whom Postgres, which refuses to run as root, runs as then.
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

// makeFolder makes one that the cluster's owner can reach, and short enough
// for a socket's path.
func makeFolder(owner *syscall.Credential) (string, error) {
	parent := os.TempDir()
	if owner != nil || len(filepath.Join(parent, "ipx-pg-0123456789", ".s.PGSQL.5432")) > socketMax {
		parent = "/tmp" // root's TMPDIR may be closed to others
	}
	folder, err := os.MkdirTemp(parent, "ipx-pg-")
	if err != nil {
		return "", fmt.Errorf("folder: %w", err)
	}
	if owner != nil {
		if err := os.Chown(folder, int(owner.Uid), int(owner.Gid)); err != nil {
			return "", errors.Join(fmt.Errorf("folder: %w", err), os.Remove(folder))
		}
	}
	return folder, nil
}

// children are the processes that a process started.
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
