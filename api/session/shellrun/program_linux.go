package shellrun

import (
	"fmt"
	"os"
	"slices"

	"interplexer/api/session"
	"interplexer/controlmode/handover"
)

// program is the files of a program that exec runs, and the sh that runs it.
type program struct {
	*files
	path       string   // of the script
	gate       *os.File // where the script waits until something is written
	pid        int      // of the sh
	startTicks string
}

// gateFile is the index of the gate's file; the report's is the first.
const gateFile = 1

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
	p.gate, p.handed = gate, append(p.handed, file) // at gateFile
	stdin := ""
	if o.Stdin != nil {
		if stdin, err = p.text(*o.Stdin); err != nil {
			return err
		}
	}
	p.path, err = p.text(programScript(o, m, p.reportPath(), file.Path(), stdin))
	return err
}

// close ends the reports and opens the gate. read: the sh opens no file any more, except
// perhaps the gate at this moment.
func (p *program) close(read bool) {
	if p.gate != nil {
		_ = p.gate.Close()
		p.handed[gateFile].Abandon()
		p.handed = slices.Delete(p.handed, gateFile, gateFile+1)
	}
	p.files.close(read)
}

// watch notes the sh by its pid.
func (p *program) watch(pid int) { p.pid, p.startTicks = pid, readStat(pid).startTicks() }

func (p *program) alive() bool {
	s := readStat(p.pid)
	return s.startTicks() == p.startTicks && s.startTicks() != "" && s.state() != "Z"
}

// gaveUp is false: the script goes on after an interrupt.
func (p *program) gaveUp() bool { return false }

func (p *program) renewFiles() { _ = p.renew() } // a failure, such as no room, may be over next time

func (p *program) undoTyping() {}
