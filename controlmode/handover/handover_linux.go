package handover

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// Text hands a text over, under a path in a folder, which is made if need be. The
// text is in memory, and is gone with this process; on the disk there is only a
// symbolic link. Only processes of this user can open it. Close or Abandon it.
func Text(dir, text string) (*File, error) {
	name := strings.TrimPrefix(MemoryName, "memfd:")
	fd, err := unix.MemfdCreate(name, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("handover: memfd_create: %w", err)
	}
	file := os.NewFile(uintptr(fd), name)
	if _, err := io.WriteString(file, text); err != nil {
		file.Close()
		return nil, fmt.Errorf("handover: %w", err)
	}
	return link(dir, file)
}

// Pipe hands over one end of a pipe, for others to write to. The caller closes both
// the file and read. Reads end when nobody has the pipe open any more.
func Pipe(dir string) (read *os.File, f *File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("handover: %w", err)
	}
	if f, err = link(dir, write); err != nil {
		read.Close()
		return nil, nil, err
	}
	return read, f, nil
}

// Gate hands over the end of a pipe that others read from, under a path in a folder.
// Whoever opens the path and reads blocks until something is written, or until this
// process has closed write or has ended. Closing both is the caller's.
func Gate(dir string) (write *os.File, f *File, err error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, nil, fmt.Errorf("handover: %w", err)
	}
	if f, err = link(dir, read); err != nil {
		write.Close()
		return nil, nil, err
	}
	return write, f, nil
}

// link gives an open file a path that, unlike its number in /proc, is never used
// again. It closes the file when it fails.
func link(dir string, file *os.File) (*File, error) {
	f := &File{path: newPath(dir), file: file}
	if err := f.Renew(); err != nil {
		file.Close()
		return nil, err
	}
	return f, nil
}

// Renew makes the path, and its folder, again if they were Removed. Do not call it
// after Close or Abandon.
func (f *File) Renew() error {
	if !f.Removed() {
		return nil
	}
	err := inFolder(f.path, func() error {
		return os.Symlink(fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.file.Fd()), f.path)
	})
	if err != nil {
		return fmt.Errorf("handover: %w", err)
	}
	return nil
}
