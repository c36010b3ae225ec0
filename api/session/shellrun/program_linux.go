package shellrun

import (
	"fmt"
	"os"

	"interplexer/api/session"
	"interplexer/controlmode/handover"
)

// program is the files of a program that exec runs, and the sh that runs it.
type program struct {
	*files
	path string   // of the script
	gate *os.File // where the script waits until something is written
	pid  int      // of the sh
	born string
}

// newProgram makes the files. It fails with ErrNoResources. Close the program.
func newProgram(folder string, o session.ExecOptions, m marks) (*program, error) {
	f, err := newFiles(folder)
	if err != nil {
		return nil, err
	}
	p := &program{files: f}
	if err := p.fill(o, m); err != nil {
		p.close(true)
		return nil, err
	}
	return p, nil
}

func (p *program) fill(o session.ExecOptions, m marks) error {
	gate, file, err := handover.Gate(p.folder)
	if err != nil {
		return fmt.Errorf("%w: %w", session.ErrNoResources, err)
	}
	p.gate, p.handed = gate, append(p.handed, file)
	stdin := ""
	if o.Stdin != nil {
		if stdin, err = p.text(*o.Stdin); err != nil {
			return err
		}
	}
	p.path, err = p.text(programScript(o, m, p.reportPath(), file.Path(), stdin))
	return err
}

func (p *program) close(read bool) {
	p.files.close(read)
	if p.gate != nil {
		_ = p.gate.Close()
	}
}

// watch notes the sh.
func (p *program) watch(pid int) { p.pid, p.born = pid, readStat(pid).born() }

func (p *program) alive() bool {
	s := readStat(p.pid)
	return s.born() == p.born && s.born() != "" && s.state() != "Z"
}

// gaveUp: the script goes on after an interrupt.
func (p *program) gaveUp() bool { return false }

func (p *program) keepFiles() { _ = p.renew() } // if there is no room, there may be later

func (p *program) notTaken() {}
