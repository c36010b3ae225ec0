package shellrun

import (
	"bufio"
	"fmt"
	"os"
	"strings"

	"interplexer/api/session"
	"interplexer/controlmode/handover"
)

// files are the files that a shell opens for one run: texts, and the pipe to which it
// reports. Only processes of this user can open them. The texts are in memory, and no
// file outlives this process.
type files struct {
	folder  string
	handed  []*handover.File // the first is the pipe's end for the shell
	report  *os.File         // the pipe's end to read from
	scanned chan struct{}    // closed when the reading goroutine has ended; nil: there is none
}

// newFiles makes the pipe. It fails with ErrNoResources. The caller closes the files.
func newFiles(folder string) (*files, error) {
	read, write, err := handover.Pipe(folder)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", session.ErrNoResources, err)
	}
	return &files{folder: folder, report: read, handed: []*handover.File{write}}, nil
}

func (f *files) reportPath() string { return f.handed[0].Path() }

// text adds a text and returns its path. It fails with ErrNoResources.
func (f *files) text(text string) (path string, err error) {
	file, err := handover.Text(f.folder, text)
	if err != nil {
		return "", fmt.Errorf("%w: %w", session.ErrNoResources, err)
	}
	f.handed = append(f.handed, file)
	return file.Path(), nil
}

// reports delivers the lines that the shell reports. close closes the channel. It is
// called once.
func (f *files) reports() <-chan string {
	lines := make(chan string, 4)
	f.scanned = make(chan struct{})
	go func() {
		defer close(f.scanned)
		defer close(lines)
		scanner := bufio.NewScanner(f.report)
		for scanner.Scan() {
			select {
			case lines <- strings.TrimSpace(scanner.Text()):
			default: // a run reports fewer lines: somebody else wrote this one
			}
		}
	}()
	return lines
}

// renew makes the names of the files again if they were deleted: the shell opens some of
// them only when the command has ended.
func (f *files) renew() error {
	for _, file := range f.handed {
		if err := file.Renew(); err != nil {
			return err
		}
	}
	return nil
}

// close ends the reports and closes the files. read: the shell opens none of them any
// more. Otherwise it may be opening one now, so they are closed a second later.
func (f *files) close(read bool) {
	for _, file := range f.handed {
		if read {
			_ = file.Close()
		} else {
			file.Abandon()
		}
	}
	_ = f.report.Close()
	if f.scanned != nil {
		<-f.scanned
	}
}
