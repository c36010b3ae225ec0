// Package handover gives other processes of the same user something to open by a
// name: a text, or a pipe to write to. A name means one thing and is never given
// again, so that somebody who opens it too late, such as a process that was
// stopped meanwhile, finds nothing, and nothing else.
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

// Prefix starts the names of all files, before the number of the process that
// they are of.
const Prefix = ".ipx-"

// MemoryName is what Linux calls a text that is open, among others: it has no
// path.
const MemoryName = "memfd:interplexer-handover"

// File is what is handed over.
type File struct {
	path string
	file *os.File // what is behind the path; nil: the file at the path itself
}

// Path is where others open it.
func (f *File) Path() string { return f.path }

// Removed reports whether somebody else has taken the name away: a folder for
// temporary files is cleaned now and then.
func (f *File) Removed() bool {
	_, err := os.Lstat(f.path)
	return errors.Is(err, fs.ErrNotExist)
}

// Close takes the name away and forgets what is behind it. Who has opened it goes
// on reading. Nobody must be about to open it: see Abandon.
func (f *File) Close() error {
	err := os.Remove(f.path)
	if f.file != nil {
		err = errors.Join(err, f.file.Close())
	}
	return err
}

// grace is how long one opening of a path may take.
const grace = time.Second

// Abandon is Close when somebody may be opening the path at this moment: what is
// behind it stays for a second.
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

// maxRemovals is how often a folder may be removed while something is made in it.
const maxRemovals = 10

// inFolder makes something at a path, and its folder if need be, though others
// may remove that at the same time.
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

// Sweep removes from a folder what processes have left there that were killed.
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
