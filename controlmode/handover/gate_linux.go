package handover

import (
	"fmt"
	"os"
)

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
