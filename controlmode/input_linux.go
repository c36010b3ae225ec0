package controlmode

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// keepInput keeps text in memory, under a path that only processes of this
// user's can open. It is gone with this process.
func keepInput(text string) (inputFile, error) {
	fd, err := unix.MemfdCreate(inputPrefix, unix.MFD_CLOEXEC)
	if err != nil {
		return inputFile{}, os.NewSyscallError("memfd_create", err)
	}
	file := os.NewFile(uintptr(fd), inputPrefix)
	if _, err := io.WriteString(file, text); err != nil {
		file.Close()
		return inputFile{}, err
	}
	return inputFile{path: fmt.Sprintf("/proc/%d/fd/%d", os.Getpid(), fd), remove: func() { file.Close() }}, nil
}
