// Package handover gives other processes of the same user a path to open: for a text
// to read, or for a pipe to write to. A path means one thing and is never used again.
// A process that opens it too late, for instance because it was stopped, finds
// nothing, and nothing else.
package handover

import (
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Prefix starts the names of all files. The number of their process follows.
const Prefix = ".ipx-"

// MemoryName is the name that Linux gives an open text, for instance in the list of a
// process's open files. It has no path.
const MemoryName = "memfd:interplexer-handover"

// File is a text or a pipe that others can open by its path.
type File struct {
	path string
	file *os.File // the file behind the path; nil: it is the file at the path itself
}

// Path is where others open it.
func (f *File) Path() string { return f.path }

// Removed reports whether somebody else has removed the path: folders for temporary
// files are cleaned now and then.
func (f *File) Removed() bool {
	_, err := os.Lstat(f.path)
	return errors.Is(err, fs.ErrNotExist)
}

// Close removes the path and closes the file behind it. Processes that have opened it
// go on reading. Do not call it while somebody may be about to open the path: see
// Abandon.
func (f *File) Close() error {
	err := os.Remove(f.path)
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return err
}

// grace is how long one opening of a path may take.
const grace = time.Second

// Abandon is Close for a path that somebody may be opening at this moment. It returns
// at once, and closes the file behind the path a second later.
func (f *File) Abandon() {
	_ = os.Remove(f.path)
	if f.file != nil {
		time.AfterFunc(grace, func() { _ = f.file.Close() })
	}
}

// newPath is a path in a folder, for this process, that nobody can guess.
func newPath(dir string) string {
	var nonce [16]byte
	_, _ = rand.Read(nonce[:]) // it never fails
	return filepath.Join(dir, Prefix+strconv.Itoa(os.Getpid())+"-"+base64.RawURLEncoding.EncodeToString(nonce[:]))
}

// maxRemovals is how often a folder may be removed while a file is made in it.
const maxRemovals = 10

// inFolder creates a file at a path, and its folder if need be. Others may remove the
// folder at the same time.
func inFolder(path string, create func() error) (err error) {
	for range maxRemovals {
		if err = os.MkdirAll(filepath.Dir(path), 0o700); err == nil {
			err = create()
		}
		if !errors.Is(err, fs.ErrNotExist) {
			break
		}
	}
	return err
}

// Sweep removes the files from a folder that killed processes left there.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("handover: %w", err)
	}
	for _, e := range entries {
		name, ours := strings.CutPrefix(e.Name(), Prefix)
		digits, _, _ := strings.Cut(name, "-")
		pid, err := strconv.Atoi(digits)
		if !ours || err != nil || !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			continue
		}
		if err := os.Remove(filepath.Join(dir, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("handover: %w", err)
		}
	}
	return nil
}
