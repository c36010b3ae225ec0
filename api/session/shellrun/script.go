package shellrun

// script is the files that a shell reads to run a command.
type script struct {
	*files
	line string // to type: it has the shell read the script
}

// newScript makes the files of a script, in the order in which they name each other.
func newScript(folder string, sh shell, command string, m marks) (*script, error) {
	f, err := newFiles(folder)
	if err != nil {
		return nil, err
	}
	var paths []string
	for _, part := range shellParts(sh, command, m, f.reportPath()) {
		path, err := f.text(part(paths))
		if err != nil {
			f.close(true)
			return nil, err
		}
		paths = append(paths, path)
	}
	return &script{files: f, line: sourcingLine(sh, paths[len(paths)-1])}, nil
}
