//go:build !linux

package controlmode

import (
	"errors"
	"io"
	"os"
)

// keepInput keeps text in a file that only this user can read.
func keepInput(text string) (inputFile, error) {
	file, err := os.CreateTemp("", inputPrefix) // mode 0600
	if err != nil {
		return inputFile{}, err
	}
	_, err = io.WriteString(file, text)
	if err := errors.Join(err, file.Close()); err != nil {
		os.Remove(file.Name())
		return inputFile{}, err
	}
	return inputFile{path: file.Name(), remove: func() { os.Remove(file.Name()) }}, nil
}
