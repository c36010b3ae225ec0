package session

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"interplexer/controlmode/handover"
)

// script is what a shell reads to run a command, under paths that only processes
// of this user's can open, and the pipe through which it reports. The texts are in
// memory, and all of it is gone with this process.
type script struct {
	typed  string // the line that has the shell read it
	files  []*handover.File
	report *os.File // the pipe's end to read from
}

// keepScript has texts say what the script consists of, in the order in which it
// asks for their paths, which are in a folder.
func keepScript(folder string, sh shell, o RunOptions, m marks) (*script, error) {
	read, write, err := handover.Pipe(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoResources, err)
	}
	s := &script{report: read, files: []*handover.File{write}}
	if err := s.fill(folder, sh, o, m); err != nil {
		s.close(true)
		return nil, fmt.Errorf("%w: %w", ErrNoResources, err)
	}
	return s, nil
}

func (s *script) fill(folder string, sh shell, o RunOptions, m marks) error {
	command, report := o.Command, s.files[0].Path()
	if o.stdin != nil {
		path, err := s.keep(folder, *o.stdin)
		if err != nil {
			return err
		}
		command += " <" + path
	}
	var paths []string
	for _, part := range shellParts(sh, command, m, report) {
		path, err := s.keep(folder, part(paths))
		if err != nil {
			return err
		}
		paths = append(paths, path)
	}
	s.typed = sourcingLine(sh, paths[len(paths)-1])
	return nil
}

func (s *script) keep(folder, text string) (path string, err error) {
	file, err := handover.Text(folder, text)
	if err != nil {
		return "", err
	}
	s.files = append(s.files, file)
	return file.Path(), nil
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

// renew gives the files their names back: the shell comes to some of them only
// when the command is over.
func (s *script) renew() error {
	for _, f := range s.files {
		if err := f.Renew(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the reports. read: the shell does not come to the files any more.
func (s *script) close(read bool) {
	for _, f := range s.files {
		if read {
			_ = f.Close()
		} else {
			f.Abandon()
		}
	}
	_ = s.report.Close()
}
