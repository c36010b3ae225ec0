package session

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
)

// script is what a shell reads to run a command, in memory under paths that only
// processes of this user's can open, and the pipe through which it reports. All
// of it is gone with this process.
type script struct {
	typed  string // the line that has the shell read it
	files  []*os.File
	report *os.File // the pipe's end to read from
}

// scriptName is what the kernel calls the files.
const scriptName = "interplexer-run"

// keepScript has texts say what the script consists of, in the order in which it
// asks for their paths; report is the path of the pipe.
func keepScript(sh shell, command string, m marks) (*script, error) {
	s := &script{}
	read, write, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoResources, err)
	}
	s.report = read
	s.files = append(s.files, write)
	parts := shellParts(sh, command, m, descriptorPath(write))
	var paths []string
	for _, part := range parts {
		path, err := s.keep(part(paths))
		if err != nil {
			s.close()
			return nil, fmt.Errorf("%w: %w", ErrNoResources, err)
		}
		paths = append(paths, path)
	}
	s.typed = sourcingLine(sh, paths[len(paths)-1])
	return s, nil
}

func (s *script) keep(text string) (path string, err error) {
	file, err := inMemory(text)
	if err != nil {
		return "", err
	}
	s.files = append(s.files, file)
	return descriptorPath(file), nil
}

// inMemory keeps text in memory, as a file.
func inMemory(text string) (*os.File, error) {
	fd, err := unix.MemfdCreate(scriptName, unix.MFD_CLOEXEC)
	if err != nil {
		return nil, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), scriptName)
	if _, err := io.WriteString(file, text); err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// descriptorPath is where other processes can open a file of this one's.
func descriptorPath(f *os.File) string {
	return fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), f.Fd())
}

// reports tells the lines that the shell reports, until the script is closed. It
// owns the channel.
func (s *script) reports() <-chan string {
	lines := make(chan string, 4)
	go func() {
		defer close(lines)
		scanner := bufio.NewScanner(s.report)
		for scanner.Scan() {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			default: // more than a run has to say: somebody else's
			}
		}
	}()
	return lines
}

// close ends the reports.
func (s *script) close() {
	for _, f := range s.files {
		_ = f.Close()
	}
	_ = s.report.Close()
}
