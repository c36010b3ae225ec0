//go:build !linux

package handover

import (
	"errors"
	"fmt"
	"io"
	"os"
)

// Text hands a text over, in a file in a folder, which is made if need be. Only this
// user can read it. Close or Abandon it.
func Text(dir, text string) (*File, error) {
	path := newPath(dir)
	var file *os.File
	err := inFolder(path, func() (err error) {
		file, err = os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("handover: %w", err)
	}
	_, err = io.WriteString(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(path)
		return nil, fmt.Errorf("handover: %w", err)
	}
	return &File{path: path}, nil
}
